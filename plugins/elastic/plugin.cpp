#include <array>

#include <cdctl/plugin.hpp>

#include "plugins/elastic/document.hpp"
#include "plugins/elastic/elastic_sink.hpp"

namespace {

using namespace cdctl::plugin;

constexpr RoleRow k_roles[] = {row<cdctl::Sink, cdctl::elastic::ElasticSink>("elastic")};

int print_template(cdctl::Host&, const CommandArguments& given) noexcept {
  const auto printed = cdctl::guarded([&]() -> cdctl::Result<> {
    given.write(cdctl::elastic::index_template());
    return {};
  });
  if (printed) return 0;
  given.report(printed.error());
  return static_cast<int>(printed.error().exit);
}

constexpr std::array k_commands{
    CommandRow{.name = "template",
               .arguments = "",
               .summary = "The index template of the data streams, to be put once",
               .examples = "cdctl elastic template -o json",
               .run = print_template},
};

constexpr std::array k_keys{
    KeyRow{KeyPlace::file, "elastic", "table", "", "{ url = \"http://127.0.0.1:9200\" }", "notify",
           "All records in data streams of Elasticsearch or OpenSearch, for Kibana"},
    KeyRow{KeyPlace::file, "elastic.url", "address", "", "\"https://search.example:9200\"",
           "notify", "Where it is, without credentials"},
    KeyRow{KeyPlace::file, "elastic.user", "text", "none", "\"cdctl\"", "notify",
           "For basic authentication"},
    KeyRow{KeyPlace::file, "elastic.password_file", "file", "", "\"elastic.password\"", "notify",
           "A file of mode 0600 with its password"},
    KeyRow{KeyPlace::file, "elastic.password_env", "text", "", "\"ELASTIC_PASSWORD\"", "notify",
           "The environment variable with its password"},
    KeyRow{KeyPlace::file, "elastic.password_command", "list", "", "[\"pass\", \"elastic\"]",
           "notify", "A program, without a shell, that prints its password"},
    KeyRow{KeyPlace::file, "elastic.api_key_file", "file", "", "\"elastic.key\"", "notify",
           "A file of mode 0600 with an encoded API key, instead of a user"},
    KeyRow{KeyPlace::file, "elastic.api_key_env", "text", "", "\"ELASTIC_API_KEY\"", "notify",
           "The environment variable with that key"},
    KeyRow{KeyPlace::file, "elastic.api_key_command", "list", "", "[\"pass\", \"elastic-key\"]",
           "notify", "A program, without a shell, that prints that key"},
    KeyRow{KeyPlace::file, "elastic.ca_file", "file", "the system's", "\"search-ca.pem\"", "notify",
           "Who signed its certificate"},
    KeyRow{KeyPlace::file, "elastic.namespace", "text", "default", "\"production\"", "notify",
           "The last part of the streams' names: logs-cdctl.signals-production"},
    KeyRow{KeyPlace::file, "elastic.receivers", "table", "none",
           "{ audit = { url = \"http://audit:9200\" } }", "notify",
           "Further ones by name, each with the keys of [elastic]"},
};

}  // namespace

CDCTL_PLUGIN(.name = "elastic", .version = CDCTL_PLUGIN_VERSION,
             .summary = "Keep what happens in a search index", .roles = k_roles,
             .commands = k_commands, .keys = k_keys);
