#include <algorithm>
#include <filesystem>

#include <cdctl/text.hpp>

#include "core/config/load.hpp"
#include "core/files/toml_file.hpp"
#include "tests/fuzz/property.hpp"
#include "tests/fuzz/scratch.hpp"

using namespace cdctl;
using cdctl::fuzz::must;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view k_between = "\n%%\n";  ///< of cdctl.toml and a service's file

void check_error(const Error& error) {
  must(error.exit == ExitCode::config, "what is wrong in a file is of the configuration");
  must(!error.what.empty() &&
           std::ranges::none_of(error.what,
                                [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
       "what is wrong is told in one line");
}

/// Every key of every table stands somewhere.
void check_places(const files::TomlFile& file, const Json& table, const std::string& prefix) {
  for (const auto& [key, value] : table.members()) {
    const auto dotted = prefix.empty() ? key : prefix + "." + key;
    const auto at = file.where.find(dotted);
    must(at != file.where.end() && at->second.first > 0, "a key has a line");
    check_places(file, value, dotted);
  }
}

bool usable(std::string_view text) {
  const auto file = files::parse_toml(text, "fuzz.toml");
  if (!file) {
    check_error(file.error());
    return false;
  }
  check_places(*file, file->table, "");
  must(Json::parse(file->table.dump()).has_value(), "what is read is plain data");
  return true;
}

/// A configuration folder with what the plugins of the tests offer.
struct Folder {
  fuzz::Scratch scratch;
  plugins::PluginHost plugins{{scratch.path() / "plugins"}};
  config::ConfigPlace place{scratch.path() / "cdctl.toml", true};

  Folder() {
    fs::create_directories(scratch.path() / "services.d");
    fs::create_directories(scratch.path() / "plugins");
    const auto interface = std::to_string(CDCTL_INTERFACE);
    const auto plugin = [&](const std::string& name, std::string_view rest) {
      (void)scratch.write("plugins/" + name + ".toml", "name = \"" + name + "\"\nfile = \"" + name +
                                                           ".so\"\nversion = \"1\"\ninterface = " +
                                                           interface + "\n" + std::string(rest));
    };
    plugin("local",
           "global_keys = [\"home\"]\n[[role]]\nrole = \"engine\"\nkind = \"local\"\n"
           "[[role]]\nrole = \"switch\"\nkind = \"local\"\n");
    plugin("rabbit",
           "global_keys = [\"user\", \"password_file\", \"brokers\"]\nservice_keys = [\"queues\", "
           "\"exchanges\"]\nshapes = { \"rabbit.queues\" = \"queues\" }\n[[role]]\nrole = "
           "\"switch\"\nkind = \"rabbit\"\n");
    plugin("git", "[[role]]\nrole = \"source\"\nkind = \"git\"\nkeys = [\"branch\", \"tag\"]\n");
    plugin("mojo", "service_keys = [\"stage\"]\n[[role]]\nrole = \"deployer\"\nkind = \"mojo\"\n");
  }
};

void check_service(const ServiceConfig& service) {
  must(service.name == "thumbs" && !service.switches.empty(), "a service can be cut");
  must(service.reaper.keep >= 0 && service.max_sets >= 0, "no number is below nothing");
  for (const auto& [process, units] : service.units) must(units >= 0, "so is no count of units");
  for (const auto& source : service.sources)
    must(valid_word(source.name) && !source.kind.empty() && !source.url.starts_with('-'),
         "a source has a name, a kind and an address");
  must(service.shape().revision.size() == 64, "a service has an identity");
  (void)service.grace();
}

}  // namespace

/// cdctl.toml, and behind a line of %% the file of a service: the loader takes a configuration when
/// `config check` finds nothing wrong with it, and only then.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = cdctl::fuzz::as_text(data, size);
  const auto at = text.find(k_between);
  const auto own = text.substr(0, at);
  const auto service =
      at == std::string_view::npos ? std::string_view() : text.substr(at + k_between.size());
  if (!usable(own) || !usable(service)) return 0;
  static Folder folder;
  folder.scratch.keep("cdctl.toml", own);
  folder.scratch.keep("services.d/thumbs.toml", service);
  const auto problems = config::check_structure(folder.place, folder.plugins);
  for (const auto& problem : problems) check_error(problem);
  const auto config = config::find_config(folder.place.file.string(), folder.plugins);
  if (!config) check_error(config.error());
  must((config && config->broken.empty()) == problems.empty(),
       "the loader and the check find the same");
  if (config && config->broken.empty()) check_service(config->services.at(0));
  return 0;
}
