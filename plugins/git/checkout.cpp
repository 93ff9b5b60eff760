#include "plugins/git/checkout.hpp"

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

#include "plugins/git/git_command.hpp"
#include "plugins/git/mirror.hpp"
#include "plugins/git/work_tree.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

/// The short way: a repository of our making, and one process that fills the index and the tree.
Result<> by_hand(const Mirror& mirror, const Address& address, std::string_view commit,
                 const fs::path& into, const Deadline& deadline) {
  CDCTL_TRY(remove_tree(into));
  CDCTL_TRY(make_repository(mirror.path(), address, commit, into, deadline));
  CDCTL_TRY(git_output(
      {{"-c", "core.hooksPath=/dev/null", "read-tree", "--reset", "-u", std::string(commit)},
       into,
       true,
       1 << 20,
       deadline}));
  return {};
}

/// What the mirror itself can give: no network. Any failure here means that the mirror is damaged,
/// or the disk is.
Result<> from_mirror(const Mirror& mirror, const Address& address, std::string_view commit,
                     const fs::path& into, const Deadline& deadline) {
  if (by_hand(mirror, address, commit, into, deadline)) return {};
  CDCTL_TRY(remove_tree(into));
  const std::vector<std::string> quiet{"-c", "core.hooksPath=/dev/null", "-c",
                                       "advice.detachedHead=false"};
  auto clone = quiet;
  clone.insert(clone.end(), {"clone", "--quiet", "--no-checkout", "--local", "--template=", "--",
                             mirror.path().string(), into.string()});
  CDCTL_TRY(git_output({clone, {}, true, 1 << 20, deadline}));
  CDCTL_TRY(git_output(
      {{"remote", "set-url", "origin", "--", address.url}, into, true, 1 << 20, deadline}));
  auto checkout = quiet;
  checkout.insert(checkout.end(),
                  {"checkout", "--quiet", "--force", "--detach", std::string(commit)});
  CDCTL_TRY(git_output({checkout, into, true, 1 << 20, deadline}));
  CDCTL_TRY_ASSIGN(const auto head,
                   git_output({{"rev-parse", "--verify", "HEAD"}, into, true, 1 << 16, deadline}));
  if (!head.starts_with(commit))
    return fail("the checkout is not at the commit that was asked for");
  return {};
}

Result<> submodules(const Address& address, const fs::path& into, const Deadline& deadline) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(into / ".gitmodules", ignored))) return {};
  // A repository that came over the network must not make us read folders of this machine.
  GitCall call{{"-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", "submodule",
                "--quiet", "update", "--init", "--recursive"},
               into,
               address.transport == Transport::local,
               1 << 20,
               deadline};
  auto done = git_output(call);
  if (!done) return fail(done.error().in("its submodules"));
  return {};
}

}  // namespace

Result<> make_checkout(const fs::path& cache, const Address& address, std::string_view commit,
                       const fs::path& into, const Deadline& deadline,
                       const WholeRepository* whole) {
  const auto work = [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(auto mirror, Mirror::open(cache, address, deadline));
    if (whole) (void)mirror.plant(*whole, deadline);
    CDCTL_TRY(mirror.need(commit, deadline));
    crash_point("git.before-checkout");
    auto made = from_mirror(mirror, address, commit, into, deadline);
    if (!made && made.error().exit != ExitCode::timeout && !Stop::requested()) {
      CDCTL_TRY(mirror.rebuild(deadline));
      CDCTL_TRY(mirror.need(commit, deadline));
      made = from_mirror(mirror, address, commit, into, deadline);
      if (!made) made.error().exit = ExitCode::failed;
    }
    return made;
  };
  auto made = work();
  if (made)
    made = submodules(address, into,
                      deadline);  // without the lock: they have nothing to do with the mirror
  if (!made) (void)remove_tree(into);
  return made;
}

}  // namespace cdctl::git
