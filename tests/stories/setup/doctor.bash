#!/usr/bin/env bash
# cdctl doctor: what is well, what is not, and the cure; and it changes nothing.
. "$(dirname "$0")/../lib/common.bash"
begin broker
make_trunk
make_service
expect_exit 0 cdctl doctor </dev/null
# What else is in use on the broker is others' (a RabbitMQ 4 tells it).
expect_json 'all(.schema == "cdctl.check/1" and (.state == "ok" or (.what == "deprecated features" and .state == "warning")))'
expect_json 'any(.what == ("consumer timeout of " + $s) and (.found | test("30m for " + $s)))' --arg s "$service"
expect_json 'any(.what == "AMQP") and any(.what == "management API") and any(.what == "git") and any(.what == "configuration" and (.found | test("1 service")))'
[ ! -e home ] || [ -z "$(ls home)" ] || fail "it made something: $(ls home)"
checks=$(jq -r .what out)
expect_exit 0 cdctl doctor -o name </dev/null
expect_same "names of checks" "$(cat out)" "$checks"

# Of two plugins of a name the first is used, on purpose mostly: a warning. One that is refused is bad, to `plugins --check` as well.
mkdir -m 0755 twins
cp "$(dirname "$(find "$build_dir" -path '*/cdctl/plugins/git.so' | head -1)")"/git.* twins
chmod 0644 twins/*
CDCTL_PLUGIN_PATH=$work/twins expect_exit 0 cdctl plugins --check </dev/null
expect_json 'map(select(.name == "git")) | length == 2 and any(.ok) and any((.refused // "") | startswith("shadowed by"))'
CDCTL_PLUGIN_PATH=$work/twins expect_exit 0 cdctl doctor </dev/null
expect_json 'any(.plugin == "git" and .state == "warning" and (.found | startswith("shadowed by")))'
: >twins/git.so
CDCTL_PLUGIN_PATH=$work/twins expect_exit 1 cdctl plugins --check </dev/null
expect_json 'map(select(.name == "git")) | length == 2 and all(.ok | not)'
CDCTL_PLUGIN_PATH=$work/twins expect_exit 1 cdctl doctor </dev/null
rm -r twins

# A wrong password: the broker cannot be asked, which is no verdict on it. The password is shown nowhere.
cp broker.password right
printf 'Xwrong-Xpassword\n' >broker.password
expect_exit 4 cdctl doctor </dev/null
expect_json 'any(.plugin == "rabbit" and .state == "unknown" and (.found | test("login")))'
! grep -q 'Xwrong' out err || fail "the password was shown"
cp right broker.password

# A user without rights.
api users/meek -f -X PUT -d '{"password":"meek-password","tags":"monitoring"}' >/dev/null
printf 'meek-password\n' >meek.password
sed -e 's/^user = .*/user = "meek"/' -e 's/^password_file = .*/password_file = "meek.password"/' cdctl.toml >meek.toml
expect_exit 1 cdctl doctor -c meek.toml </dev/null
expect_json 'any(.what == "rights of meek" and .state == "bad" and (.cure | test("set_user_tags meek administrator")))'
expect_json 'any(.what == "permissions on /" and .state != "ok")'
api users/meek -f -X DELETE >/dev/null

# A service file that is broken, and a trunk that is not there.
printf 'engine = 7\n' >services.d/broken.toml
sed "s|^trunk = .*|trunk = { git = \"$work/nowhere\", branch = \"main\" }|" "services.d/$service.toml" >services.d/lost.toml
expect_exit 1 cdctl doctor </dev/null
expect_json 'any(.what == "service broken" and .state == "bad")'
expect_json 'any(.what == "trunk of lost" and .state == "unknown" and (.cure | length > 0))'
expect_json 'any(.what == ("trunk of " + $s) and .state == "ok")' --arg s "$service"

# What the front end looks at by itself: modes, secrets, numbers that cannot be kept; and a queue that loses messages on a cut.
rm services.d/broken.toml services.d/lost.toml
printf '[sources]\ntrunk = { git = "%s/%s.git" }\n' "$work" "$service" | cat <(printf 'units = { worker = 1 }\nmin_live = 9\n') - >services.d/few.toml
printf '[sources]\ntrunk = { git = "%s/%s.git" }\n[rabbit]\nqueues = { %s-lossy = { type = "quorum", arguments = { x-delivery-limit = 3 } } }\n' "$work" "$service" "$service" >services.d/lossy.toml
expect_exit 1 cdctl doctor </dev/null
expect_json 'any(.what == "min_live of few" and .state == "warning")'
expect_json 'any(.what == "queues of lossy" and .state == "bad" and (.found | test("dead-letter")))'
expect_json 'any(.what == "clock" and .state == "ok") and any(.what == "features" and .state == "ok") and any(.what == "statistics" and .state == "ok")'
chmod 666 services.d/few.toml
expect_exit 1 cdctl doctor </dev/null
expect_json 'any(.what == "service few" and .state == "bad" and (.found | test("chmod")))'
rm services.d/few.toml services.d/lossy.toml
chmod 644 broker.password
expect_exit 1 cdctl doctor </dev/null
expect_json 'any(.what == "[rabbit] password_file" and .state == "bad" and (.cure | test("chmod 600")))'
chmod 600 broker.password

# Nobody answers: every plugin looks up to the deadline, and all at the same time.
sed "s|127.0.0.1:$HTTP_PORT|192.0.2.1:15672|" cdctl.toml >lost.toml
began=$SECONDS
expect_exit 4 cdctl doctor -c lost.toml --timeout 2s </dev/null
[ $((SECONDS - began)) -le 8 ] || fail "it took $((SECONDS - began)) s"

expect_exit 1 cdctl doctor -c absent.toml </dev/null
expect_json '.[0] | .what == "configuration" and .state == "bad" and (.cure | test("--config"))'
if [ ! -e /etc/cdctl/cdctl.toml ]; then  # none anywhere: the cure is said once
  expect_exit 1 env -C / -u CDCTL_CONFIG -u XDG_CONFIG_HOME HOME="$work" cdctl doctor </dev/null
  expect_json '.[0] | (.found | test("init") | not) and .cure == "cdctl init makes one, --config FILE names one"'
fi
printf 'engine = 7\n' >services.d/broken.toml
expect_exit 1 cdctl doctor -o table </dev/null
expect_line '^bad  *service broken: '
expect_line '^  *cure: '
