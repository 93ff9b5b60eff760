#!/usr/bin/env bash
# The crash story where the home's files are the memory and the engine is the only switch.
exec "$(dirname "$0")/crash.bash" none
