#!/usr/bin/env bash
# The first steps of a team: `init --target` in a clone, and `land import` for who comes from Tarmac. Run again, both change nothing.
. "$(dirname "$0")/../lib/common.bash"
. "$(dirname "$0")/../lib/landing.bash"
begin
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
make_origin
for person in alice bob; do make_person $person; done
unset CDCTL_CONFIG
rm -rf cdctl.toml targets.d reviewers

# Nothing that can be found out is asked for; what cannot, is.
expect_exit 2 as alice cdctl init "$work/etc" --target </dev/null
expect_error '--verify is missing'
printf 'all:\n\ncheck:\n\t./check\n' >people/alice/Makefile
expect_exit 0 as alice cdctl init "$work/etc" --target --dry-run
valid
expect_json 'map(.path | split("/") | last) == ["reviewers", "origin.toml", "cdctl.toml"] and all(.dry_run)'
[ ! -e etc ] || fail 'a dry run made files'
expect_exit 0 as alice cdctl init "$work/etc" --target thumbs
valid
expect_json 'all(.changed)'
grep -q "^repository = \"$work/origin.git\"" etc/targets.d/thumbs.toml && grep -q '^command = "make check"' etc/targets.d/thumbs.toml || fail "$(cat etc/targets.d/thumbs.toml)"
grep -q "^alice@example.com $(cut -d' ' -f1,2 keys/alice.pub)" etc/reviewers || fail "$(cat etc/reviewers)"
expect_exit 0 as alice cdctl init "$work/etc" --target=thumbs
expect_json 'all(.changed == false)'
printf 'bob@example.com %s\n' "$(cut -d' ' -f1,2 keys/bob.pub)" >>etc/reviewers
expect_exit 0 as alice cdctl init "$work/etc" --target thumbs   # who was added stays
expect_json 'all(.changed == false)'
grep -q '^bob@' etc/reviewers || fail 'a reviewer is gone'
sed -i 's/make check/.\/check/' etc/targets.d/thumbs.toml
expect_exit 5 as alice cdctl init "$work/etc" --target thumbs
expect_error 'is there already and stays as it is'
for wrong in release-1.2 a-2 Main 'a b'; do
  expect_exit 2 as alice cdctl init --target "$wrong"
  expect_error "init: --target '$wrong' is no name"
  [ ! -e "people/alice/$wrong" ] || fail "a folder $wrong"
done
for wrong in 'Thumbs!' 'a/b' '../x'; do expect_exit 2 as alice cdctl init "$work/etc" --target="$wrong"; done
expect_exit 2 as alice cdctl init "$work/etc" --target x --trunk https://me:secret@host.example/x.git
expect_error 'may hold no password'

# And with that the first proposal lands.
export CDCTL_CONFIG=$work/etc/cdctl.toml
expect_exit 0 cdctl config check
offer alice fix words two
vote bob fix approve
pipe_exit 0 "$landing"
expect_json '.[0].target == "thumbs" and .[0].verdict == "landed"'

# From Tarmac: each key has a home, or is named as dropped.
cat >tarmac.conf <<'END'
[Tarmac]
log_file = /var/log/tarmac.log
voting_criteria = Approve >= 2; Disapprove == 0
rejected_branch_status = Work in progress

# A comment.
[lp:~team/thumbs/trunk]
tree_dir = /srv/thumbs
verify_command = make check
    VERBOSE=1
commit_message_template = [r=<approved_by>][bug=<bugs_fixed>][x=<branch_nick>] <commit_message>
allowed_contributors = people-team, alice@example.com
package_recipe: daily

[lp:other]
voting_criteria: Approve => 1
test_command = ./run "it"
cia_project = x
colour = red
END
expect_exit 0 cdctl land import tarmac.conf --dry-run
valid
[ ! -e etc/targets.d/other.toml ] || fail 'a dry run made files'
expect_exit 0 cdctl land import tarmac.conf
valid
expect_json 'map(select(.schema == "cdctl.import/1")) | length == 12'
expect_json 'any(.key == "verify_command" and .to == "verify.command" and .target == "thumbs-trunk") and any(.key == "test_command" and .to == "verify.command" and .target == "other")'
expect_json 'map(select(.schema == "cdctl.import/1" and .to == null) | .key) | sort == ["cia_project", "colour", "log_file", "package_recipe", "rejected_branch_status", "tree_dir"]'
expect_json 'map(select(.schema == "cdctl.import/1" and .to == null)) | all(.why | length > 5)'
expect_json 'any(.key == "commit_message_template" and (.why | test("<branch_nick>"))) and any(.key == "allowed_contributors" and (.why | test("people-team"))) and any(.section == "lp:other" and .key == "voting_criteria" and (.why | test("votes:")))'
grep -qF 'votes = "Approve >= 2; Disapprove == 0"' etc/targets.d/thumbs-trunk.toml || fail "$(cat etc/targets.d/thumbs-trunk.toml)"
grep -qF 'command = "make check\nVERBOSE=1"' etc/targets.d/thumbs-trunk.toml || fail "$(cat etc/targets.d/thumbs-trunk.toml)"
grep -qF 'message = "[r=<approved_by>][bug=<bugs_fixed>][x=] <commit_message>"' etc/targets.d/thumbs-trunk.toml || fail "$(cat etc/targets.d/thumbs-trunk.toml)"
# A policy that cannot be read is no other policy: nothing lands until somebody has corrected it.
grep -qF 'votes = "Approve => 1"    # correct this' etc/targets.d/other.toml || fail "$(cat etc/targets.d/other.toml)"
expect_exit 3 cdctl config check
expect_json 'any((.file | test("other.toml")) and (.what | test("^votes")))'
expect_exit 0 cdctl land import tarmac.conf
expect_json 'map(select(.schema == "cdctl.file/1")) | all(.changed == false)'
expect_exit 2 cdctl land import
expect_exit 2 cdctl land export tarmac.conf
expect_exit 1 cdctl land import nowhere.conf
printf 'verify_command = x\n' >bad.conf
expect_exit 3 cdctl land import bad.conf
expect_error 'bad.conf: line 1'

# Two of one name are two targets, and people see where each key went.
printf '[lp:~a/project/2.0]\nverify_command = x\nverify_command_output_timeout = 900\n[lp:~b/project/2.0]\nverify_command = y\n' >two.conf
expect_exit 0 cdctl land import two.conf -o table
expect_line '^SECTION +KEY +TARGET'
expect_line 'verify_command_output_timeout +.*verify.silence'
expect_exit 3 cdctl config check
expect_json 'all((.what // "" | test("project")) | not)'
