package lettersql_test

import (
	"crypto/ecdsa"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/engagement/engagementsql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/letter/lettersql"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/org/orgsql"
	"github.com/tickmark/tickmark/internal/platform/secret"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

func kind(t *testing.T, err error, want errs.Kind, at, words string) {
	t.Helper()
	if !errs.Is(err, want) || errs.FieldOf(err) != at || !strings.Contains(err.Error(), words) {
		t.Errorf("%v at %q, want %s at %q with %q", err, errs.FieldOf(err), want, at, words)
	}
}

// TestLetters takes an assertion from its draft to a second signed version: who may do what, what is refused, what is sealed.
func TestLetters(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := accesstest.New(t, db)
		box, err := secret.Open(filepath.Join(t.TempDir(), "key"))
		if err != nil {
			t.Fatal(err)
		}
		w.Access.Sealer = box
		c, err := catalog.Load()
		if err != nil {
			t.Fatal(err)
		}
		controls, engagements := &controlsql.Store{DB: db}, &engagementsql.Store{DB: db, Ledger: w.Ledger}
		system := &org.Service{Store: &orgsql.Store{DB: db}, Catalog: c, Tx: db, Ledger: w.Ledger}
		control := &control.Service{Store: controls, Complements: controls, Catalog: c, People: w.Access, Tx: db, Ledger: w.Ledger}
		es := &engagement.Service{Store: engagements, Life: engagements, Catalog: c, Controls: control, System: system, Ledger: &ledger.Service{Store: w.Ledger}, Access: w.Access, Tx: db}
		s := &letter.Service{Store: &lettersql.Store{DB: db}, Engagements: es, Controls: control, System: system, Access: w.Access, Ledger: w.Ledger, Tx: db, Sealer: box}
		ctx, now := t.Context(), accesstest.Now
		first, _ := period.ParseDate("2026-01-01")
		e, _, err := es.Create(ctx, w.Owner, now, engagement.New{Categories: []string{"security"}, Period: period.Period{From: first, To: first + 181}})
		if err != nil {
			t.Fatal(err)
		}
		lead := w.Member(t, "lead@northwind.example", access.ComplianceLead)
		gate := s.Gate(letter.Assertion)
		met := func(want bool, says string) {
			t.Helper()
			if ok, said, err := gate(ctx, w.Owner.ReadScope, now, e); err != nil || ok != want || !strings.Contains(said, says) {
				t.Errorf("%v %q %v, want %v %q", ok, said, err, want, says)
			}
		}
		met(false, "Not signed")
		_, err = s.Start(ctx, lead, now, e.Ref, letter.Bridge, period.Period{})
		kind(t, err, errs.Invalid, "gap", "no issued report")
		_, err = s.Start(ctx, lead, now, e.Ref, letter.Summary, period.Period{})
		kind(t, err, errs.Invalid, "kind", "no such document")
		_, err = s.Start(ctx, w.Member(t, "hands@northwind.example", access.ControlOwner), now, e.Ref, letter.Assertion, period.Period{})
		kind(t, err, errs.Denied, "", "manage engagements")
		l, err := s.Start(ctx, lead, now, e.Ref, letter.Assertion, period.Period{})
		if err != nil || l.Ref != "LTR-01" || l.Body == "" {
			t.Fatal(l, err)
		}
		_, err = s.Start(ctx, lead, now, e.Ref, letter.Assertion, period.Period{})
		kind(t, err, errs.Conflict, "kind", "LTR-01")

		// Nobody signs without the right, without a second factor, under another name, or over blanks.
		sign := func(by access.Scope, edit int, name, code string) error {
			t.Helper()
			got, err := s.Sign(ctx, by, now, l.Ref, edit, letter.Signature{Name: name, Office: "Chief Executive Officer", Code: code})
			if err == nil {
				l = got
			}
			return err
		}
		kind(t, sign(lead, 1, "", ""), errs.Denied, "", "sign for management")
		kind(t, sign(w.Owner, 1, "Owner of Northwind", ""), errs.Invalid, "body", "still to be written")
		write := func(body string) {
			t.Helper()
			if l, err = s.Edit(ctx, lead, now, l.Ref, l.Edit, letter.Words{Title: "Assertion", Body: body}); err != nil {
				t.Fatal(err)
			}
		}
		write("We assert that the system is SOC 2 " + "certified.")
		kind(t, sign(w.Owner, l.Edit, "Owner of Northwind", ""), errs.Invalid, "body", "must not stand in it")
		write("We assert it. שלום 👋🏽 <b>")
		_, err = s.Edit(ctx, lead, now, l.Ref, 1, letter.Words{Title: "Assertion", Body: "Over somebody's text."})
		kind(t, err, errs.Conflict, "", "changed meanwhile")
		kind(t, sign(w.Operator, l.Edit, "Owner of Northwind", ""), errs.Denied, "", "only a person signs")
		kind(t, sign(w.Owner, l.Edit, "Owner of Northwind", "123456"), errs.Invalid, "code", "no second factor")
		key, link, err := w.Access.EnrolTOTP(w.Org, w.OwnerUser)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := url.Parse(link); err != nil || u.Scheme != "otpauth" {
			t.Fatal(link, err)
		}
		code := func() string {
			now = now.Add(time.Minute)
			out, err := totp.GenerateCode(key, now)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if err := w.Access.ConfirmTOTP(ctx, w.Owner, now, w.OwnerUser.ID, key, code()); err != nil {
			t.Fatal(err)
		}
		kind(t, sign(w.Owner, l.Edit, "J. Harlow", code()), errs.Invalid, "name", "as your account has it")
		kind(t, sign(w.Owner, l.Edit, "Owner of Northwind", "000000"), errs.Invalid, "code", "does not match")
		if err := sign(w.Owner, l.Edit, " owner of  northwind ", code()); err != nil {
			t.Fatal(err)
		}
		met(false, "before the end of what the report covers")
		_, err = s.Edit(ctx, lead, now, l.Ref, l.Edit, letter.Words{Title: "Assertion", Body: "Changed after signing."})
		kind(t, err, errs.Conflict, "", "never changes")
		if err := s.Store.Save(ctx, lead, l, l.Edit); !errs.Is(err, errs.Conflict) {
			t.Errorf("the store wrote over what is signed: %v", err)
		}
		if _, err = s.Withdraw(ctx, lead, now, l.Ref, l.Edit, "By mistake."); !errs.Is(err, errs.Conflict) {
			t.Errorf("withdrawn after signing: %v", err)
		}
		signed := l

		// At the end the assertion is made anew, over the text of before; a draft given up leaves what is signed in force.
		now = now.AddDate(0, 6, 0)
		if l, err = s.Anew(ctx, lead, now, l.Ref); err != nil || l.N != 2 || l.Body != signed.Body {
			t.Fatal(l, err)
		}
		if l, err = s.Withdraw(ctx, lead, now, l.Ref, l.Edit, "Begun too early."); err != nil {
			t.Fatal(err)
		}
		if l, err = s.Anew(ctx, lead, now, l.Ref); err != nil || l.N != 3 {
			t.Fatal(l, err)
		}
		if err := sign(w.Owner, l.Edit, "Owner of Northwind", code()); err != nil {
			t.Fatal(err)
		}
		met(true, "LTR-01, signed by Owner of Northwind")
		moved := e
		moved.Period.To--
		if ok, said, err := gate(ctx, w.Owner.ReadScope, now, moved); ok || err != nil || !strings.Contains(said, "the period is another now") {
			t.Error(ok, said, err)
		}
		all, err := s.Versions(ctx, lead.ReadScope, l.ID)
		if err != nil || len(all) != 3 || all[2].SHA256 != signed.SHA256 || all[2].Seq == 0 || all[0].Name != "Owner of Northwind" || all[0].Office != "Chief Executive Officer" {
			t.Error(all, err)
		}
		if sum, err := all[2].Hash(); err != nil || sum != signed.SHA256 {
			t.Errorf("the text kept has another hash than the one sealed: %v", err)
		}
		entries := w.Entries(t, w.Owner, "letter.signed")
		if len(entries) != 2 || entries[0].Says["sha256"] != signed.SHA256 || entries[0].Seq != signed.Seq {
			t.Error(entries)
		}
		// With the first signature the organisation got its key, once; others do not see it, and what is kept of it does not open elsewhere.
		signer, certificate, ok, err := s.Seal(ctx, lead.ReadScope, signed)
		if err != nil || !ok || certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature) != nil || certificate.NotBefore.After(*signed.Signed) || certificate.Subject.CommonName != "Northwind" {
			t.Fatal(certificate, ok, err)
		}
		if k, ok := signer.Public().(*ecdsa.PublicKey); !ok || !k.Equal(certificate.PublicKey) {
			t.Error("the certificate is of another key")
		}
		if again, _, _, err := s.Seal(ctx, lead.ReadScope, l); err != nil || !signer.(*ecdsa.PrivateKey).Equal(again) {
			t.Error("the second signature made another key", err)
		}
		kept, err := s.Store.Key(ctx, lead.ReadScope)
		if made := w.Entries(t, w.Owner, "letter.key_made"); err != nil || len(made) != 1 || made[0].Says["certificate_sha256"] != kept.Fingerprint() {
			t.Error(made, err)
		}
		if err := s.Store.AddKey(ctx, lead, kept); !errs.Is(err, errs.Conflict) {
			t.Error("a second key:", err)
		}
		if _, err := box.Open(kept.Sealed, "letter key "+string(w.OtherOwner.Org())); err == nil {
			t.Error("the key opens for another organisation")
		}
		if _, err := s.Store.Key(ctx, w.OtherOwner.ReadScope); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if _, _, ok, err := s.Seal(ctx, lead.ReadScope, letter.Letter{State: letter.Draft}); ok || err != nil {
			t.Error("a draft is sealed", err)
		}
		_, err = s.Letter(ctx, w.OtherOwner.ReadScope, string(l.ID), 0)
		kind(t, err, errs.NotFound, "", "")

		// The representation letter waits for the end of the period; the letter of engagement for the letter itself.
		r, err := s.Start(ctx, lead, accesstest.Now, e.Ref, letter.Engagement, period.Period{})
		if err != nil || r.Ref != "LTR-02" {
			t.Fatal(r, err)
		}
		if r, err = s.Edit(ctx, lead, now, r.Ref, r.Edit, letter.Words{Title: "Letter", Body: "Agreed."}); err != nil {
			t.Fatal(err)
		}
		_, err = s.Sign(ctx, w.Owner, now, r.Ref, r.Edit, letter.Signature{Name: "Owner of Northwind", Office: "CEO"})
		kind(t, err, errs.Invalid, "file", "not stored yet")
		x, err := s.Start(ctx, lead, accesstest.Now, e.Ref, letter.Representation, period.Period{})
		if err != nil {
			t.Fatal(err)
		}
		if x, err = s.Edit(ctx, lead, accesstest.Now, x.Ref, x.Edit, letter.Words{Title: "Letter", Body: "We represent."}); err != nil {
			t.Fatal(err)
		}
		_, err = s.Sign(ctx, w.Owner, accesstest.Now, x.Ref, x.Edit, letter.Signature{Name: "Owner of Northwind", Office: "CEO"})
		kind(t, err, errs.Invalid, "body", "cannot be signed before")
	})
}
