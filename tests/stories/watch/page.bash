#!/usr/bin/env bash
# `timeline --listen`: one look for all who watch, news by server-sent events, and never a page that looks well while nobody can be asked.
# With curl, so that it means something without a browser; and in a real one where there is one.
. "$(dirname "$0")/../lib/common.bash"
clean_up() { end_page; }
begin own-broker
service=thumbs
make_trunk
make_service </dev/null
one=$(deploy_one ok)
two=$(deploy_one ok)
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
url=http://127.0.0.1:$port
page=
cdctl signal "$two" early -s error </dev/null
listening() { grep -q 'listening on' page.err; }
# open_page [ARG...]
open_page() {
  : >page.err
  cdctl timeline --listen="127.0.0.1:$port" --every 500ms "$@" >page.out 2>page.err </dev/null &
  page=$!
  eventually 30 listening
}
end_page() { [ -z "$page" ] || { kill -TERM "$page" 2>/dev/null; wait "$page" 2>/dev/null; page=; } || :; }
get() { curl -s -m 30 --noproxy '*' "$url/${1:-}" "${@:2}"; }
status() { get "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }
# Everything that the events have told until now, as it would be on the page.
watch_events() { curl -sN -m 300 --noproxy '*' "$url/events" >events 2>/dev/null & watcher=$!; }
told() { grep -q -- "$1" events; }
board() { awk '/^event: /{ kind = $2 } /^data: / && kind == "section" { print substr($0, 7) }' events | jq -rs 'map({key: .name, value: .html}) | from_entries | .[]'; }
shown() { board | grep -qE -- "$1"; }
trouble() { awk '/^event: /{ kind = $2 } /^data: / && kind == "status" { last = substr($0, 7) } END { print last }' events | jq -r .trouble; }
in_trouble() { trouble | grep -qE -- "$1"; }
since_of() { trouble | sed 's|</p>|\n|g' | grep -- "$1: " | grep -o 'since <time[^>]*>' | head -1; }
state_now() { [ "$(awk '/^event: /{ kind = $2 } /^data: / && kind == "status" { last = substr($0, 7) } END { print last }' events | jq -r .state)" = "$1" ]; }
lookers() { pgrep -f "__look --page.*$work|$work.*__look --page" | wc -l; }

# ------------------------------------------------------------ who may, and how
expect_exit 2 cdctl timeline --listen=0.0.0.0:0 </dev/null
expect_error 'token'
expect_exit 2 cdctl timeline --listen nowhere:1 </dev/null
expect_exit 2 cdctl timeline thumbs --token-file x </dev/null
expect_exit 2 cdctl timeline --listen --every 1ms </dev/null
expect_exit 1 cdctl timeline --listen=127.0.0.1:0 nobody </dev/null
open_page
expect_exit 3 cdctl timeline --listen="127.0.0.1:$port" </dev/null
expect_error 'Address already in use'
expect_same "the page" "$(status '')" 200
expect_same "another page" "$(status metrics)" 404
expect_same "a POST" "$(status '' -d x)" 405
expect_same "a DELETE" "$(status events -X DELETE)" 405
expect_same "a HEAD" "$(status '' -I)" 200
expect_same "another name" "$(status '' -H 'Host: evil.example')" 403
expect_same "the name of this machine" "$(status '' -H "Host: localhost:$port")" 200
both_live() { get '' -D headers >first.html; [ "$(grep -o '</span> [a-z]*</span></td><td class="short"' first.html | grep -c ' live<')" = 2 ]; }
eventually 60 both_live
grep -qi "^content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';" headers || fail "no policy: $(cat headers)"
grep -qi '^x-content-type-options: nosniff' headers || fail "no nosniff"
expect_same "the style" "$(get page.css -o page.css -w '%{content_type}')" 'text/css; charset=utf-8'
expect_same "the script" "$(get page.js -o page.js -w '%{content_type}')" 'text/javascript; charset=utf-8'

# ------------------------------------------------------------ what it shows, as ls does
for set in "$one" "$two"; do grep -q ">$set</th>" first.html || fail "$set is not there"; done
for width in 360 1000; do grep -q "<svg .*viewBox=\"0 0 $width " first.html || fail "no timeline of $width"; done
grep -q '<td class="word">deploy</td>' first.html || fail "no actions"
open_again() { end_page; open_page; get '' >first.html; }
open_again
grep -q '<td>early</td>' first.html || fail "the first page has no signals: $(grep -A3 '>Signals<' first.html)"

watch_events
eventually 30 told '^event: status'
evil='<script>alert(1)</script><img src=x onerror="alert(2)"> & more'
cdctl signal "$two" '<b>oops</b>' -s critical -m "$evil" </dev/null
eventually 30 shown '&lt;b&gt;oops&lt;/b&gt;'
expect_exit 0 cdctl break "$one" --why "$evil" </dev/null
eventually 30 shown "$one.*✕</span> cut"
eventually 30 shown '<td class="word">break</td>'
eventually 30 shown 'cut: &lt;script&gt;'
get '' >second.html
expect_same "markup of others" "$(cat events second.html | grep -cE '<script>|<img|onerror="|<b>' || true)" 0
expect_same "the way back" "$(cdctl mend "$one" </dev/null | jq .ok)" true
eventually 30 shown "$one.*✓</span> live"
# A set that comes, and a service.
three=$(deploy_one ok)
eventually 60 shown "$three.*live"
make_trunk other
make_service other </dev/null
expect_exit 0 cdctl deploy other </dev/null
eventually 60 told '"timeline/other"'

# ------------------------------------------------------------ one look for all
viewers=()
for _ in $(seq 1 20); do
  curl -sN -m 120 --noproxy '*' "$url/events" >/dev/null 2>&1 &
  viewers+=($!)
done
eventually 20 told 'event: status'
expect_same "processes that look" "$(lookers)" 1
kill "${viewers[@]}"

# ------------------------------------------------------------ nobody can be asked
"$source_dir/scripts/private-broker" stop "$work/broker"
eventually 60 in_trouble 'Could not ask since.*thumbs: '
eventually 60 state_now doubt
eventually 60 shown "$three.*!</span> (live\?|unknown)"
since=$(since_of thumbs)
[ -n "$since" ] || fail "since when is not said: $(trouble)"
get '' >third.html
grep -q 'Could not ask since' third.html || fail "the page looks well without a broker"
expect_same "sets that look well" "$(grep -c 'm-good"><span class="sign" aria-hidden="true">✓</span> live' third.html || true)" 0
sleep 1  # the times on the page have seconds: one that moves would have moved
expect_same "since when, later" "$(since_of thumbs)" "$since"

# ------------------------------------------------------------ what looks is killed; what serves is killed
kill -9 "$(pgrep -f "__look --page" -P "$page" | head -1)"
eventually 30 told 'Nobody looks since.*exit status 137'
eventually 30 state_now doubt  # another one looks
kill "$watcher"
pid=$(pgrep -f "__look --page" -P "$page" | head -1)
kill -9 "$page"
wait "$page" 2>/dev/null || true
no_looker() { ! kill -0 "$pid" 2>/dev/null; }
eventually 30 no_looker
open_page
expect_same "after a kill" "$(status '')" 200
kill -TERM "$page"
wait "$page" && status=0 || status=$?
page=
expect_same "exit status of a page that was stopped" "$status" 143

# ------------------------------------------------------------ with a token
(umask 077; random_hex 24 >token)
open_page --token-file token
expect_same "without the token" "$(status '')" 401
expect_same "its style without" "$(status page.css)" 401
expect_same "its events without" "$(status events)" 401
printf 'user = "anybody:%s"\n' "$(cat token)" >curl.conf # the token stays out of the argument list
expect_same "with it" "$(status '' -K curl.conf)" 200
printf 'header = "Authorization: Bearer %s"\n' "$(cat token)" >curl.conf
expect_same "as a bearer" "$(status '' -K curl.conf -H 'Host: web1.example')" 200
! grep -q "$(cat token)" page.err page.out || fail "the token was said"
end_page

# ------------------------------------------------------------ in a browser
if ! command -v chromium >/dev/null; then
  printf 'no chromium: not looked at in a browser\n'
  exit 0
fi
open_page
# The page as it is when it has loaded, and a moment later: a budget of virtual time would wait for the end of the events.
browse() { timeout 100 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/chromium" --enable-logging=stderr --dump-dom "$@" >dom.html 2>chromium.err || fail "chromium: $(tail -3 chromium.err)"; }
lives() { browse "$url/"; grep -q '<html [^>]*class="[^"]*live' dom.html; }
eventually 120 lives
grep -q '<title>? ' dom.html || fail "the title does not tell of the broker: $(grep -o '<title>.*</title>' dom.html)"
grep -qE 'class="ago"[^>]*> [0-9]+[smhd] ago<' dom.html || fail "no ages"
grep -q 'Could not ask since' dom.html || fail "the page looks well in the browser"
expect_same "markup of others in the browser" "$(grep -cE '<script>|<img|<b>' dom.html || true)" 0
expect_same "what the browser refused" "$(grep -c 'Content Security Policy' chromium.err || true)" 0
# No wider than a telephone, the live page and the one that is a file: each in a frame of 360 pixels says whether it fits.
cdctl timeline "$service" -o html >static.html 2>/dev/null </dev/null || true
for file in third.html static.html; do
  python3 - "$file" <<'END'
import re, sys
page = open(sys.argv[1]).read()
page = page.replace('<link rel="stylesheet" href="page.css">', "<style>" + open("page.css").read() + "</style>")
page = page.replace('<script src="page.js" defer></script>', "")
page = re.sub(r'<meta http-equiv="Content-Security[^>]*>', "", page)  # or it would not run what we add
said = "document.title = document.documentElement.scrollWidth > innerWidth ? 'too wide' : 'fits'"
open("framed.html", "w").write(page.replace("</body>", f"<script>{said}</script></body>"))
open("phone.html", "w").write('<!DOCTYPE html><title>no answer</title><iframe id="f" width="360" height="800" src="framed.html"></iframe>'
                              "<script>f.onload = () => { document.title = f.contentDocument.title }</script>")
END
  browse --allow-file-access-from-files "file://$work/phone.html"
  expect_same "$file at 360 pixels" "$(grep -o '<title>[^<]*' dom.html)" '<title>fits'
done
