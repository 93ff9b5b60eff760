#!/usr/bin/env bash
# with_broker_root.bash COMMAND...: a test on the RabbitMQ of $CDCTL_BROKER_ROOT (scripts/broker-root makes one); without one it is
# skipped: 77.
[ -n "${CDCTL_BROKER_ROOT:-}" ] || { printf 'skipped: CDCTL_BROKER_ROOT names no root with another RabbitMQ\n' >&2; exit 77; }
exec "$@"
