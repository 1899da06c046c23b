package lake

import "testing"

func TestBind(t *testing.T) {
	t.Parallel()
	params := map[string]Param{
		"as_of": {"timestamp", "2026-03-10T23:30:00.5Z"}, "days": {"bigint", "5"}, "on": {"boolean", "true"}, "name": {"varchar", "o'neil $days"},
	}
	for in, want := range map[string]string{
		"SELECT $as_of::TIMESTAMP, $days, $on":      "SELECT TIMESTAMP '2026-03-10 23:30:00.5'::TIMESTAMP, CAST('5' AS BIGINT), CAST('true' AS BOOLEAN)",
		"SELECT $name, '$days', \"$days\" -- $days": "SELECT 'o''neil $days', '$days', \"$days\" -- $days",
		"SELECT 'it''s $days' || $days":             "SELECT 'it''s $days' || CAST('5' AS BIGINT)",
		"SELECT $other, $1":                         "SELECT $other, $1",
		"SELECT 'Active', $days":                    "SELECT 'Active', CAST('5' AS BIGINT)",
		"SELECT E'\\'$days', $days":                 "SELECT E'\\'$days', $days", // left to the engine
		"SELECT $$a$days$$, $days":                  "SELECT $$a$days$$, $days",
		"SELECT /* $days */ $days":                  "SELECT /* $days */ $days",
		"SELECT 'open $days":                        "SELECT 'open $days",
		"":                                          "",
	} {
		if got := Bind(in, params); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}
