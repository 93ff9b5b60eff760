#!/usr/bin/env bash
# The story of a reboot where the home alone remembers.
exec "$(dirname "$0")/reboot.bash" none
