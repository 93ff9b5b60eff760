#!/usr/bin/env bash
# cdctl init: what it writes loads and works at once; nothing is written over; a password goes to its file and nowhere else.
. "$(dirname "$0")/../lib/common.bash"
begin broker
unset CDCTL_CONFIG
valid() { "$build_dir/tests/validate-records" "$source_dir/schemas" <"$work/out" >"$work/invalid" 2>&1 || fail "not by the schema: $(head -3 "$work/invalid")"; }
mkdir "$service-trunk" && git -C "$service-trunk" init -q -b main
printf 'release: true\nworker: exec sleep 1000\nclock: exec sleep 1000\n' >"$service-trunk/Procfile"
git -C "$service-trunk" add -A && git -C "$service-trunk" commit -qm first
printf 'guest\n' >guest.password
rm cdctl.toml

# Nothing to ask and nobody to ask it: the missing option is named, and nothing is written.
expect_exit 2 cdctl init plain </dev/null
expect_error '--service is missing'
expect_exit 2 cdctl init plain --service "$service" </dev/null
expect_error '--trunk is missing'
[ ! -e plain ] || fail "it made something"
expect_exit 3 cdctl outdated </dev/null
expect_error 'cdctl init makes one'
mkdir bare && : >bare/cdctl.toml
expect_exit 0 cdctl outdated -c bare/cdctl.toml </dev/null
expect_error 'no service in .*/bare/services.d; cdctl init adds one'
for wrong in 'Thumbs' '-x' 'a/b' 'thumbs-r0123456789'; do
  expect_exit 2 cdctl init plain "--service=$wrong" --trunk "$service-trunk" </dev/null
done
expect_exit 2 cdctl init plain --service "$service" --trunk https://me:secret-word@git.example/x.git </dev/null
! grep -q secret-word out err || fail "the password of an address was shown"

# Without a broker.
expect_exit 0 cdctl init plain --service "$service" --trunk "$service-trunk" --dry-run </dev/null
expect_json 'length == 2 and all(.dry_run and .changed)'
valid
[ ! -e plain ] || fail "a dry run made something"
expect_exit 0 cdctl init plain --service "$service" --trunk "$service-trunk" </dev/null
expect_json 'length == 2 and all(.changed)'
expect_error 'next.*cdctl doctor.*cdctl outdated'
! grep -q Procfile err || fail "the trunk has a Procfile"
grep -q '^units = { worker = 1, clock = 1 }' "plain/services.d/$service.toml" || fail "it did not look at the trunk's Procfile"
grep -q '^# release of the Procfile runs once a revision' "plain/services.d/$service.toml" || fail "it did not see release"
valid
git init -q without
expect_exit 0 cdctl init bare-trunk --service "$service" --trunk without </dev/null
expect_error 'without has no Procfile yet'
expect_exit 2 cdctl init wrong-branch --service "$service" --trunk "$service-trunk" --branch 'main dev' </dev/null
expect_error "--branch 'main dev' is no name of a branch"
[ ! -e wrong-branch ] || fail "it made something"
cd plain
expect_exit 0 cdctl config check </dev/null
expect_exit 0 cdctl outdated </dev/null
expect_json 'length == 1 and .[0].why == "first"'
cd ..

# Run again it changes nothing; another answer is refused; another service is added.
expect_exit 5 cdctl init plain --service "$service" --trunk elsewhere </dev/null
expect_error "services.d/$service.toml is there already"
before=$(cksum plain/cdctl.toml "plain/services.d/$service.toml")
expect_exit 0 cdctl init plain --service "$service" --trunk "$service-trunk" </dev/null
expect_json 'all(.changed | not)'
expect_exit 0 cdctl init plain --service "$service-b" --trunk "$service-trunk" --branch main </dev/null
expect_json 'length == 1 and .[0].changed'
expect_same "what was there" "$(cksum plain/cdctl.toml "plain/services.d/$service.toml")" "$before"
expect_exit 0 cdctl config check -c plain/cdctl.toml </dev/null

# In the repository of the service, with --yes: its own name, folder, branch and processes.
cd "$service-trunk"
expect_exit 0 cdctl init --yes </dev/null
grep -q '^units = { worker = 1, clock = 1 }' "services.d/$service-trunk.toml"
grep -qF "trunk = { git = \"$PWD\", branch = \"main\" }" "services.d/$service-trunk.toml"
expect_exit 0 cdctl outdated </dev/null
expect_json 'length == 1'
cd ..
git clone -q "$service-trunk" "$service-clone"  # named as the folder: it is looked at, and not where we are
expect_exit 0 cdctl init "$service-clone" --yes </dev/null
grep -qF "trunk = { git = \"$work/$service-trunk\", branch = \"main\" }" "$service-clone/services.d/$service-trunk.toml"
git init -q "$service-fresh"
expect_exit 0 cdctl init "$service-fresh" --yes </dev/null
grep -qF "trunk = { git = \"$work/$service-fresh\"" "$service-fresh/services.d/$service-fresh.toml"

# With a broker: the password is in one file, which nobody else may read and git leaves alone; a wrong one is said at once.
url=http://127.0.0.1:$HTTP_PORT with_user=http://guest@127.0.0.1:$HTTP_PORT
expect_exit 2 cdctl init queued --service "$service" --trunk "$service-trunk" --broker "http://guest:guest@127.0.0.1:$HTTP_PORT" </dev/null
expect_error 'may hold no password'
expect_exit 2 cdctl init queued --service "$service" --trunk "$service-trunk" --broker "$url" </dev/null
expect_error '--broker names no user'
printf 'Xwrong-Xpassword\n' >wrong.password
expect_exit 3 cdctl init queued --service "$service" --trunk "$service-trunk" --broker "$with_user" --password-file wrong.password </dev/null
expect_error 'refused the login of guest'
! grep -q Xwrong out err || fail "the password was shown"
[ ! -e queued ] || fail "it made something"
mkdir elsewhere linked open readable
ln -s ../elsewhere linked/secrets
mkdir open/secrets && chmod 777 open/secrets
mkdir -m 700 readable/secrets && printf 'guest\n' >readable/secrets/rabbit.password && chmod 644 readable/secrets/rabbit.password
for folder in linked open readable; do
  expect_exit 5 cdctl init "$folder" --service "$service" --trunk "$service-trunk" --broker "$with_user" --password-file guest.password </dev/null
  expect_error 'you alone may'
  [ ! -e "$folder/cdctl.toml" ] || fail "it made something in $folder"
done
expect_same "what is elsewhere" "$(ls -A elsewhere)" ""
queued=(cdctl init queued --service "$service" --trunk "$service-trunk" --broker "$with_user" --password-file guest.password)
# Killed with a draft in its hand: the next run removes it, and one that somebody still holds stays.
drafts() { find queued -name '.*.????????*' | wc -l; }
for point in init.draft init.draft:2 init.draft:2 init.draft:2; do  # each run begins behind what the one before has made
  expect_exit 137 env CDCTL_TEST_CRASH_AT="$point" "${queued[@]}" </dev/null
  expect_same "drafts after $point" "$(drafts)" 1
done
expect_exit 0 "${queued[@]}" </dev/null
expect_same "drafts in the end" "$(drafts)" 0
printf 'guest\n' | tee queued/secrets/.rabbit.password.{01234567,89abcdef,01234567.12.new} >/dev/null
flock queued/secrets/.rabbit.password.01234567 cdctl init queued --service "$service-b" --trunk "$service-trunk" </dev/null >/dev/null
expect_same "drafts that are held" "$(ls -A queued/secrets)" "$(printf '%s\n' .gitignore .rabbit.password.01234567 rabbit.password)"
rm -r queued
for point in init.file init.file:2 init.file:3 init.file:4; do
  expect_exit 137 env CDCTL_TEST_CRASH_AT="$point" "${queued[@]}" </dev/null
done
expect_exit 0 "${queued[@]}" </dev/null
valid
expect_same "the mode of the password" "$(stat -c %a queued/secrets/rabbit.password)" 600
grep -q "5672\|$AMQP_PORT" queued/cdctl.toml || fail "it did not find the AMQP port"
grep -q "amqp://127.0.0.1:$AMQP_PORT" queued/cdctl.toml
git -C queued init -q && git -C queued add -A
! git -C queued ls-files | grep -q password || fail "git would take the password"
expect_exit 0 cdctl config check -c queued/cdctl.toml </dev/null
expect_exit 0 cdctl doctor -c queued/cdctl.toml </dev/null
expect_json 'all(.state == "ok" or .what == "room")'
expect_exit 0 cdctl outdated -c queued/cdctl.toml </dev/null
expect_json 'length == 1'

# On a terminal it asks. Nothing of the password is on the screen.
mkfifo keys
script -qefc 'cdctl init asked' screen <keys >/dev/null 2>&1 &
asking=$!
exec 9>keys
answer() {
  eventually 60 grep -qs "$1" screen  # the first question comes when script has made the file
  printf '%s\r' "$2" >&9
}
answer 'Name of the service' "$service"
answer 'Trunk: ' "$service-trunk"
answer 'Branch ' 'git status'
eventually 60 grep -q 'is no name of a branch' screen
printf '\r' >&9
answer 'RabbitMQ: ' "$url"
answer 'tag administrator' guest
answer 'Password of guest' guest
answer 'AMQP address' 'yes, please'
eventually 60 grep -q 'that is no address' screen
printf '\r' >&9
answer 'Queues ' ''
answer 'Write ' y
wait "$asking" || fail "it failed: $(cat screen)"
exec 9>&-
tr -d '\r' <screen >shown
grep -q 'Password of guest (not shown): $' shown || fail "$(cat shown)"
questions=$(sed "s/$service/thumbs/g; s|$work|/home/alice|g; s/\x1b\[[?0-9;]*[a-zA-Z]//g" shown | grep -oE '^.*(\]|shown\)): ')
[ "$(wc -l <<<"$questions")" -ge 8 ] || fail "not all questions: $questions"
! grep -E '.{72}' <<<"$questions" || fail "that question leaves no room for an answer in 80 columns"
cmp queued/cdctl.toml asked/cdctl.toml
cmp "queued/services.d/$service.toml" "asked/services.d/$service.toml"
cmp queued/secrets/rabbit.password asked/secrets/rabbit.password

# Who says all that is needed is asked nothing more on a terminal; without a password file, for the password alone.
: >screen
expect_exit 0 timeout 60 script -qefc "cdctl init told --service $service --trunk $service-trunk --broker $with_user --password-file guest.password" screen </dev/null
! grep -qE 'Branch|AMQP address|Queues|Write ' screen || fail "it asked: $(cat screen)"
cmp queued/cdctl.toml told/cdctl.toml
expect_exit 0 timeout 60 script -qefc "cdctl init told --service $service-b --trunk $service-trunk" screen </dev/null
[ -e "told/services.d/$service-b.toml" ] || fail "no second service: $(cat screen)"
script -qefc "cdctl init half --service $service --trunk $service-trunk --broker $with_user" screen <keys >/dev/null 2>&1 &
asking=$!
exec 9>keys
answer 'Password of guest' guest
wait "$asking" || fail "it failed: $(cat screen)"
exec 9>&-
! grep -qE 'Branch|AMQP address|Queues|Write ' screen || fail "it asked: $(cat screen)"
cmp queued/cdctl.toml half/cdctl.toml
