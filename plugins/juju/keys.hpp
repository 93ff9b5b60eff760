#pragma once

#include <array>

#include <cdctl/rows.hpp>

// The keys of [juju]. Included by plugin.cpp alone.

namespace cdctl::juju {

using plugin::KeyRow;
using enum plugin::KeyPlace;

constexpr std::array k_keys{
    KeyRow{both, "juju", "table", "", "{ amqp = \"worker:amqp-url\" }", "all", "docs/juju.md"},
    KeyRow{file, "juju.controller", "text", "the one that Juju has chosen", "\"attic\"", "all",
           "The controller of the sets"},
    KeyRow{file, "juju.data", "text", "where Juju looks", "\"/srv/deploy/juju\"", "all",
           "Juju's own folder: its login"},
    KeyRow{service, "juju.isolation", "word", "model", "\"application\"", "deploy",
           "A model for each set, or an application in a shared model"},
    KeyRow{service, "juju.model", "text", "", "\"attic:admin/shared\"", "deploy",
           "With isolation by application: the shared model"},
    KeyRow{service, "juju.application", "text", "its only one", "\"worker\"", "deploy",
           "With isolation by application: which one of the bundle becomes the set"},
    KeyRow{service, "juju.cloud", "text", "the controller's", "\"maas/default\"", "deploy",
           "CLOUD[/REGION] of new models"},
    KeyRow{service, "juju.credential", "text", "the cloud's default", "\"deployer\"", "deploy",
           "The credential of new models"},
    KeyRow{service, "juju.model_config", "table", "", "{ logging-config = \"<root>=INFO\" }",
           "deploy", "Settings of new models"},
    KeyRow{service, "juju.amqp", "text", "", "\"worker:amqp-url\"", "deploy",
           "[APPLICATION:]OPTION that takes AMQP_URL"},
    KeyRow{service, "juju.amqp_as", "word", "overlay", "\"secret\"", "deploy",
           "How it gets there: overlay, option, secret"},
    KeyRow{service, "juju.storage", "word", "release", "\"destroy\"", "reap",
           "What becomes of the disks of a reaped set: release leaves them, destroy wipes them"},
    KeyRow{service, "juju.cut", "list", "relations and expose", "[\"relations\", \"scale\"]",
           "break mend", "What a cut does: relations, expose, scale"},
    KeyRow{service, "juju.force_after", "duration", "5m", "\"10m\"", "reap",
           "From here on a reap says --force"},
    KeyRow{service, "juju.no_wait_after", "duration", "15m", "\"20m\"", "reap",
           "From here on a reap says --no-wait, too"},
    KeyRow{service, "juju.give_up_after", "duration", "30m", "\"1h\"", "reap",
           "From here on a reap ends with a line for a person"},
};

}  // namespace cdctl::juju
