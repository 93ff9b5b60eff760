#include <cdctl/text.hpp>

#include "core/config/target.hpp"
#include "core/files/toml_file.hpp"
#include "tests/fuzz/host.hpp"
#include "tests/fuzz/scratch.hpp"

using namespace cdctl;
using cdctl::fuzz::must;
namespace fs = std::filesystem;

namespace {

/// The plugins that a target may name, by their manifests.
struct Stand {
  fuzz::Scratch scratch;
  plugins::PluginHost plugins{{scratch.path()}};

  Stand() {
    for (const std::string name : {"git", "github"})
      (void)scratch.write(
          name + ".toml",
          "name = \"" + name + "\"\nfile = \"" + name +
              ".so\"\nversion = \"1\"\ninterface = " + std::to_string(CDCTL_INTERFACE) +
              "\ntarget_keys = [\"reviewers\", \"token_file\", \"proposals\"]\n"
              "[[role]]\nrole = \"forge\"\nkind = \"" +
              name + "\"\n");
    (void)plugins.plugins();
  }
};

void check(const TargetConfig& target) {
  must(!target.repository.empty() && !target.branch.empty(), "a target is a branch somewhere");
  must(target.repository.contains(':') || target.repository.starts_with('/'),
       "where it is does not depend on where somebody stands");
  must(target.batch >= 1 && target.verify.retries <= 10, "numbers are in their bounds");
  must(target.verify.limit > Millis(0) && target.verify.silence > Millis(0) &&
           target.verify.grace > Millis(0),
       "so are times");
  must(!trimmed(target.verify.command).empty() || !target.verify.statuses.empty(),
       "what lands is tested");
  must(!target.land_by_forge || target.batch == 1, "a forge lands one at a time");
}

}  // namespace

/// A file of targets.d: what is wrong with it is told, a line each; what is not can be used.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = files::parse_toml(cdctl::fuzz::as_text(data, size), "/nowhere/main.toml");
  if (!file) return 0;
  static Stand stand;
  config::Problems problems;
  const auto target = config::target_of(*file, stand.plugins, "/nowhere", problems);
  must(target.name == "main", "a target has the name of its file");
  for (const auto& problem : problems)
    must(problem.exit == ExitCode::config && fuzz::one_line(problem.what),
         "what is wrong in a file is of the configuration, and one line");
  if (problems.empty()) check(target);
  return 0;
}
