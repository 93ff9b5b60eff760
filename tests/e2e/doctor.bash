#!/usr/bin/env bash
# cdctl doctor: what is well, what is not, and the cure; and it changes nothing.
. "$(dirname "$0")/common.bash"
begin broker
make_trunk
make_service
expect_exit 0 cdctl doctor </dev/null
expect_json 'all(.schema == "cdctl.check/1" and .state == "ok")'
expect_json 'any(.what == "AMQP") and any(.what == "management API") and any(.what == "git") and any(.what == "configuration" and (.found | test("1 service")))'
[ ! -e home ] || [ -z "$(ls home)" ] || fail "it made something: $(ls home)"

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

expect_exit 1 cdctl doctor -c absent.toml </dev/null
expect_json '.[0] | .what == "configuration" and .state == "bad" and (.cure | test("--config"))'
expect_exit 1 cdctl doctor -o table </dev/null
expect_line 'CURE'
