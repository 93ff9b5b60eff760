#include <array>

#include <cdctl/plugin.hpp>

#include "plugins/otlp/otlp_sink.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {row<cdctl::Sink, cdctl::otlp::OtlpSink>("otlp")};

constexpr std::array k_keys{
    KeyRow{KeyPlace::file, "otlp", "table", "", "{ url = \"http://127.0.0.1:4318\" }", "notify",
           "All records as logs of OpenTelemetry, to a collector"},
    KeyRow{KeyPlace::file, "otlp.url", "address", "", "\"https://otel.example:4318\"", "notify",
           "Where it takes OTLP over HTTP, without credentials; /v1/logs is put behind it"},
    KeyRow{KeyPlace::file, "otlp.token_file", "file", "", "\"otlp.token\"", "notify",
           "A file of mode 0600 with the token that it wants"},
    KeyRow{KeyPlace::file, "otlp.token_env", "text", "", "\"OTLP_TOKEN\"", "notify",
           "The environment variable with that token"},
    KeyRow{KeyPlace::file, "otlp.token_command", "list", "", "[\"pass\", \"otlp\"]", "notify",
           "A program, without a shell, that prints that token"},
    KeyRow{KeyPlace::file, "otlp.header", "text", "Authorization: Bearer", "\"api-key\"", "notify",
           "The header that has the token, where it is another one"},
    KeyRow{KeyPlace::file, "otlp.ca_file", "file", "the system's", "\"otel-ca.pem\"", "notify",
           "Who signed its certificate"},
    KeyRow{KeyPlace::file, "otlp.environment", "text", "none", "\"production\"", "notify",
           "deployment.environment.name of what is sent"},
    KeyRow{KeyPlace::file, "otlp.receivers", "table", "none",
           "{ audit = { url = \"http://audit:4318\" } }", "notify",
           "Further ones by name, each with the keys of [otlp]"},
};

}  // namespace

CDCTL_PLUGIN(.name = "otlp", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Pass what happens on to OpenTelemetry", .roles = k_roles, .keys = k_keys);
