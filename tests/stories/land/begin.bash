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

# The branch of the target's own name, where there is one; in the configuration that --config, or CDCTL_CONFIG, names.
git -C origin.git branch stable main
expect_exit 0 as alice cdctl init --target=stable --dry-run
expect_json 'any(.path == $file)' --arg file "$work/etc/targets.d/stable.toml"
expect_exit 0 env CDCTL_CONFIG= as alice cdctl -c "$work/other/team.toml" init --target=stable
expect_json 'map(.path | ltrimstr($folder)) | sort == ["/reviewers", "/targets.d/stable.toml", "/team.toml"]' --arg folder "$work/other"
grep -qx 'branch = "stable"' other/targets.d/stable.toml || fail "$(cat other/targets.d/stable.toml)"
[ ! -e people/alice/targets.d ] && [ ! -e people/alice/cdctl.toml ] || fail 'a target in the clone'
expect_exit 0 env CDCTL_CONFIG= as alice cdctl -c "$work/other/team.toml" init --target=main
grep -qx 'branch = "main"' other/targets.d/main.toml || fail "$(cat other/targets.d/main.toml)"
expect_exit 0 env CDCTL_CONFIG= as alice cdctl -c "$work/other/team.toml" config check
expect_exit 2 as alice cdctl -c "$work/other/team.toml" init "$work/etc" --target=stable
# Two targets of one branch would both land its proposals.
expect_exit 5 as alice cdctl init --target=again
expect_error 'the target thumbs has the proposals for main of .*origin.git already; give --branch'
[ ! -e etc/targets.d/again.toml ] || fail 'a second target of main'
sed 's/stable/main/' other/targets.d/stable.toml >etc/targets.d/again.toml
expect_exit 3 cdctl config check
expect_json 'any(.file == $file and .line > 1 and (.what | test("again and thumbs mean the same proposals")))' --arg file "$work/etc/targets.d/again.toml"
rm etc/targets.d/again.toml

# What a target's file does not tell by itself: the same from `config check`, and from `doctor`, which asks others, too.
cp etc/targets.d/thumbs.toml kept.toml
cp etc/reviewers kept.reviewers
both_say() { # both_say WHAT
  expect_exit 3 cdctl config check
  expect_json 'any(.what | test($what))' --arg what "$1"
  expect_exit 1 cdctl doctor -o ndjson
  expect_json 'any(.what == "target thumbs" and .state == "bad" and (.found | test($what)))' --arg what "$1"
  cp kept.toml etc/targets.d/thumbs.toml
  cp kept.reviewers etc/reviewers
}
expect_exit 0 cdctl config check
expect_exit 0 cdctl doctor -o ndjson
expect_json 'any(.what == "target thumbs" and .state == "ok" and (.found | test("^main at ")))'
mv origin.git away.git
both_say 'origin.git'
mv away.git origin.git
sed -i 's/^branch = .*/branch = "mian"/' etc/targets.d/thumbs.toml
both_say 'origin.git: .*no branch mian'
rm etc/reviewers
both_say 'git.reviewers: .*/etc/reviewers is not there'
printf 'carol@example.com\n' >>etc/reviewers
both_say 'git.reviewers: line 4 of .*: carol@example.com has no key'
sed -i 's/^\(bob@.*\)....$/\1/' etc/reviewers
both_say 'git.reviewers: line 3 of .*: bob@example.com has a key that was cut off'
printf 'carol@example.com ssh-ed25519\n' >etc/reviewers
both_say 'carol@example.com has the word ssh-ed25519 and no key behind it'
sed -i 's|^repository = .*|repository = "http://127.0.0.1:1/x.git"|' etc/targets.d/thumbs.toml
expect_exit 0 cdctl config check
expect_error 'on other machines were not asked; cdctl doctor does'
expect_exit 4 cdctl doctor -o ndjson
expect_json 'any(.what == "target thumbs" and .state == "unknown" and (.found | test("127.0.0.1:1/x.git")))'
cp kept.toml etc/targets.d/thumbs.toml
sed -i '/^[^#]/d' etc/reviewers
expect_exit 0 cdctl doctor -o ndjson
expect_json 'any(.what == "target thumbs" and .state == "warning" and (.found | test("nobody.s vote counts")))'
cp kept.reviewers etc/reviewers

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
# The forge that knows an address has its table, which says what is missing yet; nobody is a reviewer by an import.
for name in thumbs-trunk other; do
  grep -qx 'forge = "bzr"' etc/targets.d/$name.toml && grep -qx '\[bzr\]' etc/targets.d/$name.toml || fail "$(cat etc/targets.d/$name.toml)"
done
grep -q '^proposals = ' etc/targets.d/other.toml && grep -q '^reviewers = "reviewers"' etc/targets.d/other.toml || fail "$(cat etc/targets.d/other.toml)"
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
