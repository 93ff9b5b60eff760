# A service whose sets are processes of this machine; they are reaped in the end, whatever happens.
mkdir services.d trunk
printf 'worker: exec sleep 1000\n' >trunk/Procfile
git -C trunk init -q
git -C trunk add .
git -C trunk -c user.name=test -c user.email=test@example.org commit -qm first
trap '"$cdctl" retire thumbs --confirm thumbs --grace 0s >/dev/null; rm -rf "$work"' EXIT
