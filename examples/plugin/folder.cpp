// folder: a source whose newest revision is the hash of a folder: `trunk = { folder = "/srv/thumbs"
// }`.
#include <cdctl/plugin.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>

#include "folder_tree.hpp"

namespace {

using namespace cdctl;

class Folder final : public Source {
 public:
  explicit Folder(Host&) {}

  std::vector<Result<SourceState>> do_newest(std::span<const SourceConfig> sources,
                                             const Deadline& deadline) override {
    std::vector<Result<SourceState>> out;
    for (const auto& source : sources) out.push_back(state_of(source, deadline));
    return out;
  }

  /// A folder has no past: only what is there now can be meant.
  Result<SourceState> do_resolve(const SourceConfig& source, std::string_view revision,
                                 const Deadline& deadline) override {
    CDCTL_TRY_ASSIGN(auto state, state_of(source, deadline));
    if (revision.size() < 4 || !state.revision.starts_with(revision))
      return fail("the folder " + source.url + " is at " + state.revision.substr(0, 12) +
                  ", not at " + printable(revision, 70));
    return state;
  }

  Result<> do_checkout(const SourceConfig& source, std::string_view revision,
                       const std::filesystem::path& into, const Deadline& deadline) override {
    CDCTL_TRY(folder::copy_tree(source.url, into));
    // What was copied is what was promised, or it is nothing: someone may write to the folder
    // meanwhile.
    CDCTL_TRY_ASSIGN(const auto copied, folder::hash_tree(into, deadline));
    if (copied != revision)
      return fail("the folder " + source.url + " has changed since; run cdctl outdated again");
    return {};
  }

 private:
  static Result<SourceState> state_of(const SourceConfig& source, const Deadline& deadline) {
    CDCTL_TRY_ASSIGN(auto revision, folder::hash_tree(source.url, deadline));
    return SourceState{"folder", source.url, std::move(revision), {}};
  }
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {row<Source, Folder>("folder")};

}  // namespace

CDCTL_PLUGIN(.name = "folder", .version = "1.0.0", .summary = "a source: the hash of a folder",
             .roles = k_roles);
