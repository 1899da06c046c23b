package page

import "strings"

// Browser shortens what a browser says about itself to a name and a system. It is the browser's own word.
func Browser(agent string) string {
	find := func(names ...string) string {
		for _, n := range names {
			if key, word, ok := strings.Cut(n, "="); ok && strings.Contains(agent, key) {
				return word
			}
		}
		return ""
	}
	browser := find("Edg/=Edge", "OPR/=Opera", "Firefox/=Firefox", "Chrome/=Chrome", "Safari/=Safari", "curl/=curl")
	system := find("Windows=Windows", "Android=Android", "iPhone=iPhone", "iPad=iPad", "Mac OS X=macOS", "Linux=Linux")
	switch {
	case browser == "" && system == "":
		if agent == "" {
			return "unknown"
		}
		return agent
	case system == "":
		return browser
	case browser == "":
		return system
	}
	return browser + " on " + system
}
