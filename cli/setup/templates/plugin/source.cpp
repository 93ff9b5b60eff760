// @NAME@: @SUMMARY@.
#include <filesystem>
#include <cdctl/fs.hpp>
#include <cdctl/plugin.hpp>
#include <cdctl/text.hpp>

namespace {

using namespace cdctl;

/// `trunk = { @NAME@ = "FILE" }` in a service's file: here the text of FILE is the revision.
class NewSource final : public Source {
 public:
  explicit NewSource(Host&) {}

  /// The newest revision of each, answers in the order asked. What could not be asked is exit code `unknown`, and hurts no other.
  std::vector<Result<SourceState>> do_newest(std::span<const SourceConfig> sources, const Deadline&) override {
    std::vector<Result<SourceState>> out;
    for (const auto& source : sources) out.push_back(state_of(source));
    return out;
  }

  /// What a person gave with --source trunk=REV, as a full revision.
  Result<SourceState> do_resolve(const SourceConfig& source, std::string_view revision, const Deadline&) override {
    CDCTL_TRY_ASSIGN(auto state, state_of(source));
    if (state.revision != revision) return fail(source.url + " is not at " + printable(revision, 70));
    return state;
  }

  /// A writable checkout of exactly `revision` in `into`: here, a folder with the file in it.
  Result<> do_checkout(const SourceConfig& source, std::string_view revision, const std::filesystem::path& into, const Deadline&) override {
    CDCTL_TRY(make_directories(into));
    return write_file_atomically(into / std::filesystem::path(source.url).filename(), revision);
  }

 private:
  static Result<SourceState> state_of(const SourceConfig& source) {
    auto text = read_file(source.url, 1000);
    if (!text) return fail(ExitCode::unknown, text.error().what);
    auto line = text->substr(0, text->find('\n'));
    if (line.empty()) return fail(ExitCode::unknown, source.url + " is empty");
    return SourceState{"@NAME@", source.url, std::move(line), {}};
  }
};

using namespace cdctl::plugin;
// The third: option keys beside the kind's own, separated by blanks: `trunk = { @NAME@ = "…", branch = "…" }`.
constexpr RoleRow k_roles[] = {row<Source, NewSource>("@NAME@")};

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .roles = k_roles);
