#pragma once

#include <array>

#include <cdctl/rows.hpp>

// The keys of [rabbit]. Included by plugin.cpp alone. What a table of [rabbit.brokers] may hold is
// listed in broker/settings.cpp, too.

namespace cdctl::rabbit {

using plugin::KeyRow;
using enum plugin::KeyPlace;

constexpr std::array k_keys{
    KeyRow{both, "rabbit", "table", "", "{ queues = { thumbs = { type = \"quorum\" } } }", "all",
           "In cdctl.toml the broker; in a service's file what its sets need of it"},
    KeyRow{file, "rabbit.management", "addresses", "", "\"http://127.0.0.1:15672\"", "all",
           "The broker's management API, without credentials; of a cluster a list, tried in turn"},
    KeyRow{file, "rabbit.amqp", "addresses", "", "\"amqp://127.0.0.1:5672\"", "all",
           "The broker's address for cdctl and for the workers, without credentials; or a list"},
    KeyRow{both, "rabbit.vhost", "text", "/", "\"jobs\"", "all",
           "The virtual host of the queues; a service's own goes before its broker's", "vhost"},
    KeyRow{file, "rabbit.brokers", "table", "none",
           "{ batch = { management = \"http://batch:15672\", amqp = \"amqp://batch\", user = "
           "\"cdctl\", password_file = \"batch.password\" } }",
           "all", "Further brokers by name, each with the keys of [rabbit]"},
    KeyRow{service, "rabbit.broker", "word", "that of [rabbit]", "\"batch\"", "all",
           "The broker that the service lives on: docs/rabbitmq.md", "broker"},
    KeyRow{file, "rabbit.user", "text", "", "\"cdctl\"", "all", "An administrator of the broker"},
    KeyRow{file, "rabbit.password_file", "file", "", "\"secrets/rabbit.password\"", "all",
           "A file of mode 0600 with its password"},
    KeyRow{file, "rabbit.password_env", "text", "", "\"CDCTL_RABBIT_PASSWORD\"", "all",
           "The environment variable with its password"},
    KeyRow{file, "rabbit.password_command", "list", "", "[\"pass\", \"cdctl\"]", "all",
           "A program, without a shell, that prints its password"},
    KeyRow{file, "rabbit.ca_file", "file", "the system's", "\"broker-ca.pem\"", "all",
           "Who signed the broker's certificate"},
    KeyRow{file, "rabbit.feed_max_age", "duration", "24h", "\"7d\"", "signal signals",
           "How long the broker keeps signals"},
    KeyRow{file, "rabbit.feed_max_bytes", "count", "no bound", "1000000000", "signal signals",
           "How many bytes of signals the broker keeps"},
    KeyRow{file, "rabbit.consumer_timeout", "duration", "30m", "\"2h\"", "doctor probe",
           "What the broker's own configuration says of consumer_timeout, which it does not tell "
           "over its API; \"0s\" where it has none"},
    KeyRow{file, "rabbit.operators", "list", "none", "[\"cdctl-web2\"]", "signals",
           "Users whose signals are heard of every set, beside `user`; a set's own speaks for that "
           "set only"},
    KeyRow{service, "rabbit.queues", "table", "none", "{ thumbs = { type = \"quorum\" } }",
           "deploy",
           "Queues that the workers read, declared by deploy; with type, durable, arguments, "
           "bindings",
           "queues"},
    KeyRow{service, "rabbit.exchanges", "table", "none", "{ jobs = { type = \"topic\" } }",
           "deploy", "Exchanges that deploy declares"},
    KeyRow{service, "rabbit.publish", "list", "none", "[\"results\"]", "deploy",
           "Exchanges that the workers may publish to; \"\" is the default exchange"},
    KeyRow{
        service, "rabbit.consumes", "flag", "true", "false", "all",
        "Whether a worker that takes no message from the queues is none; false: who is connected "
        "counts"},
    KeyRow{service, "rabbit.unit_connections", "count", "1, celery 4", "4", "mend",
           "Connections that a unit needs: mend --probation lets in so many"},
    KeyRow{service, "rabbit.framework", "word", "none", "\"celery\"", "deploy",
           "What the workers are written with, which declare queues themselves: docs/frameworks/"},
    KeyRow{service, "rabbit.remote_control", "flag", "true", "false", "deploy",
           "Whether the workers may use the framework's remote control and events"},
    KeyRow{service, "rabbit.configure", "list", "none", "[\"thumbs.*\"]", "deploy",
           "Further queues and exchanges that the workers may declare and delete; * is anything"},
    KeyRow{service, "rabbit.write", "list", "none", "[\"thumbs.*\"]", "deploy",
           "Further exchanges that they may publish to, and queues that they may bind"},
    KeyRow{service, "rabbit.read", "list", "none", "[\"thumbs.*\"]", "deploy",
           "Further queues that they may read, and exchanges that they may bind queues to"},
    KeyRow{service, "rabbit.max_connections", "count", "no bound", "20", "deploy mend",
           "Connections that the user of a set may have"},
};

}  // namespace cdctl::rabbit
