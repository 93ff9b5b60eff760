# An sshd of our own, on a free port of this machine. `clean_up` ends it.

sshd_pid=
clean_up() { [ -z "$sshd_pid" ] || kill "$sshd_pid" 2>/dev/null; }  # its title has overwritten its environment

# start_sshd: `port`, and `ssh_words`, the command that logs in there. Fails where there is no sshd.
start_sshd() {
  sshd=$(PATH=$PATH:/usr/sbin command -v sshd) || return 1
  mkdir -m 700 ssh ssh/home
  ssh-keygen -q -t ed25519 -N '' -f ssh/host
  ssh-keygen -q -t ed25519 -N '' -f ssh/user
  [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
  serve || serve || fail "no sshd: $(cat ssh/log)"
}

# Bash reads the .bashrc of whoever logs in, for a single command, too: in it one machine had a tool that waits for a lock, a minute
# for each command after one was killed. So those who log in here have a home of their own.
serve() {   # a port that is free now may not be so in a moment
  port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >ssh/config <<END
Port $port
ListenAddress 127.0.0.1
HostKey $work/ssh/host
AuthorizedKeysFile $work/ssh/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
SetEnv HOME=$work/ssh/home
MaxStartups 100:30:200
END
  "$sshd" -D -f "$work/ssh/config" -E "$work/ssh/log" &
  sshd_pid=$!
  printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 ssh/host.pub)" >ssh/known
  ssh_words="ssh -F none -i $work/ssh/user -o IdentitiesOnly=yes -o UserKnownHostsFile=$work/ssh/known"
  for _ in {1..40}; do
    ! $ssh_words -p "$port" "$(id -un)@127.0.0.1" true 2>/dev/null || return 0
    sleep 0.1
  done
  return 1
}
