#include "plugins/git/work_tree.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

#include "plugins/git/mirror_refs.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

/// A format of its own, or objects that are elsewhere or missing: git knows what to do.
Result<> check_plain(const fs::path& mirror, std::string_view commit) {
  std::error_code error;
  for (const auto* file : {"objects/info/alternates", "shallow", "reftable"}) {
    if (fs::exists(mirror / file, error)) return fail(fmt::format("the mirror has {}", file));
  }
  CDCTL_TRY_ASSIGN(const auto config, read_file(mirror / "config", 1 << 20));
  if (commit.size() != 40 || config.contains("[extensions]") || config.contains("[include"))
    return fail("the mirror is of another format");
  return {};
}

Result<> link_objects(const fs::path& from, const fs::path& to, const Deadline& deadline) {
  std::error_code error;
  fs::create_directory(to, error);
  for (auto it = fs::recursive_directory_iterator(from, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (deadline.passed() || Stop::requested()) return fail(ExitCode::timeout, "no time left");
    const auto name = it->path().filename().string();
    const auto target = to / it->path().lexically_relative(from);
    if (it->is_directory(error)) {
      // A new folder costs as much as ten links, so empty ones are left to git.
      if (name == "info" || fs::is_empty(it->path(), error))
        it.disable_recursion_pending();
      else
        fs::create_directory(target, error);
    } else if (!name.starts_with("tmp_")) {
      fs::create_hard_link(it->path(), target, error);
    }
    if (error) break;
  }
  if (error) return fail(fmt::format("linking objects: {}", error.message()));
  return {};
}

/// What a clone makes of the refs it was told.
std::vector<Ref> cloned(const std::vector<Ref>& refs, const std::string& head) {
  constexpr std::string_view k_heads = "refs/heads/";
  std::vector<Ref> out;
  for (const auto& ref : refs) {
    if (!ref.name.starts_with(k_heads)) {
      out.push_back(ref);
      continue;
    }
    out.push_back({"refs/remotes/origin/" + ref.name.substr(k_heads.size()), ref.id, {}});
    if (ref.name == head) out.push_back(ref);
  }
  return out;
}

std::string config_text(const Address& address, const std::string& head) {
  auto out = fmt::format(
      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = "
      "false\n\tlogallrefupdates = true\n"
      "[remote \"origin\"]\n\turl = {}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
      config_quoted(address.url));
  if (!head.empty())
    out += fmt::format("[branch {}]\n\tremote = origin\n\tmerge = {}\n",
                       config_quoted(head.substr(11)), config_quoted(head));
  return out;
}

}  // namespace

Result<> make_repository(const fs::path& mirror, const Address& address, std::string_view commit,
                         const fs::path& into, const Deadline& deadline) {
  CDCTL_TRY(check_plain(mirror, commit));
  CDCTL_TRY_ASSIGN(const auto refs, list_refs(mirror));
  auto head = head_target(mirror);
  if (std::ranges::find(refs, head, &Ref::name) == refs.end()) head.clear();
  const auto git = into / ".git";
  CDCTL_TRY(make_directories(git / "refs" / "remotes" / "origin"));
  CDCTL_TRY(link_objects(mirror / "objects", git / "objects", deadline));
  CDCTL_TRY(write_new(git / "packed-refs", print_packed_refs(cloned(refs, head))));
  if (!head.empty())
    CDCTL_TRY(write_new(git / "refs/remotes/origin/HEAD",
                        "ref: refs/remotes/origin/" + head.substr(11) + "\n"));
  CDCTL_TRY(write_new(git / "config", config_text(address, head)));
  return write_new(git / "HEAD", std::string(commit) + "\n");
}

}  // namespace cdctl::git
