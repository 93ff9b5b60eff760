#include <array>

#include <cdctl/plugin.hpp>

#include "plugins/pagerduty/pagerduty_sink.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {row<cdctl::Sink, cdctl::pagerduty::PagerDutySink>("pagerduty")};

constexpr std::array k_keys{
    KeyRow{KeyPlace::file, "pagerduty", "table", "", "{ routing_key_file = \"pagerduty.key\" }",
           "notify", "Pages of cuts and outages, and what was deployed beside them"},
    KeyRow{KeyPlace::file, "pagerduty.routing_key_file", "file", "", "\"pagerduty.key\"", "notify",
           "A file of mode 0600 with the integration key of Events API v2"},
    KeyRow{KeyPlace::file, "pagerduty.routing_key_env", "text", "", "\"PAGERDUTY_KEY\"", "notify",
           "The environment variable with that key"},
    KeyRow{KeyPlace::file, "pagerduty.routing_key_command", "list", "", "[\"pass\", \"pagerduty\"]",
           "notify", "A program, without a shell, that prints that key"},
    KeyRow{KeyPlace::file, "pagerduty.api", "address", "https://events.pagerduty.com",
           "\"https://events.eu.pagerduty.com\"", "notify", "Where the API is"},
    KeyRow{KeyPlace::file, "pagerduty.ca_file", "file", "the system's", "\"proxy-ca.pem\"",
           "notify", "Who signed its certificate"},
    KeyRow{KeyPlace::file, "pagerduty.signals", "flag", "false", "true", "notify",
           "Page for each signal of a service, too, not only for what breakers and probes find"},
    KeyRow{KeyPlace::file, "pagerduty.changes", "flag", "true", "false", "notify",
           "Send what was deployed and what landed as change events"},
    KeyRow{KeyPlace::file, "pagerduty.receivers", "table", "none",
           "{ web = { routing_key_file = \"web.key\" } }", "notify",
           "Further services of PagerDuty by name, each with the keys of [pagerduty]"},
};

}  // namespace

CDCTL_PLUGIN(.name = "pagerduty", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Page people by PagerDuty", .roles = k_roles, .keys = k_keys);
