# What the benches of many sets share: a broker full of them, and what a command costs in CPU.

# Sets as deploy leaves them, four a service, the first of them cut: users and global parameters.
definitions() {
  jq -nc --argjson sets "$1" '
    def letters: [., ./26, ./676 | floor % 26 + 97] | implode;
    def name: "s\(. / 4 | floor | letters)-r\("000000000\(.)"[-10:])";
    [range($sets)] as $all | {
      users: [$all[] | {name: name, password_hash: "", hashing_algorithm: "rabbit_password_hashing_sha256", tags: "", limits: (if . % 4 == 0 then {"max-connections": 0} else {} end)}],
      global_parameters: ([$all[] | {name: "cdctl.set.\(name)", value: {home: "web1:/var/lib/cdctl", deployed_at: "2026-11-23T04:11:30.120Z", units: 3,
          sources: {trunk: {kind: "git", url: "https://git.example/s.git", revision: ("9f2c1ab0" * 5), number: 124}, spec: {kind: "git", url: "https://git.example/spec.git", revision: ("c0ffee10" * 5)}}}}]
        + [$all[] | select(. % 4 == 0) | {name: "cdctl.cut.\(name)", value: {cut: true, by: "alice@web1", at: "2026-11-23T05:11:30.120Z", why: "critical >= 1"}}])}'
}

# In parts: the management API takes no body of more than 8 MB.
import() {
  local part
  jq -c '. as $all | range(0; ($all.users | length); 2500) as $i
    | ({users: $all.users[$i:$i + 2500]}, {global_parameters: $all.global_parameters[$i:$i + 2500]}),
      (if $i + 2500 >= ($all.users | length) then {global_parameters: $all.global_parameters[$i + 2500:]} else empty end)' "$1" >parts
  while read -r part; do
    printf '%s' "$part" >part.json
    api definitions -m 600 -X POST -d @part.json -o answer -w '%{http_code}' >status
    [ "$(<status)" = 204 ] || fail "the import ended with $(<status): $(head -c 300 answer)"
  done <parts
}
service_files() {
  rm -f services.d/*
  jq -r '.users[].name[:-12]' "$1" | uniq | while read -r name; do
    printf 'engine = "local"\nswitches = ["rabbit"]\n[sources]\ntrunk = { git = "https://git.example/%s.git" }\n[rabbit]\nqueues = { %s = { type = "quorum" } }\n' "$name" "$name" >"services.d/$name.toml"
  done
}

beam_ms() { awk -v tick="$(getconf CLK_TCK)" '{ printf "%d", ($14 + $15) * 1000 / tick }' "/proc/$beam/stat"; } # of the broker

# used COMMAND...: CPU in ms, peak memory in MiB and status of one run; standard input is $input.
used() {
  python3 - "$input" "$@" <<'P'
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:], stdin=open(sys.argv[1]), stdout=subprocess.DEVNULL)
_, status, u = os.wait4(child.pid, 0)  # of this child alone: python3 may itself be a script that had others
print(f"{(u.ru_utime + u.ru_stime) * 1000:.0f} {u.ru_maxrss / 1024:.0f} {os.waitstatus_to_exitcode(status)}")
P
}

# fill_broker SETS: a broker of its own with so many sets, and the files of their services.
fill_broker() {
  # The sets never were: the story would reap each by itself.
  trap 'end_status=$?; : >"$work/cdctl.toml"; rm -f "$work"/services.d/*; end_story $end_status' EXIT
  has_broker=yes
  private-broker start -t 300 -o $$ "$work/broker" >broker.env
  read_broker
  beam=$(sed -n 's/^PID=//p' broker.env)
  write_config
  definitions "$1" >definitions.json
  service_files definitions.json
  import definitions.json
}
