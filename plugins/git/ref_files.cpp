#include "plugins/git/ref_files.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include <fcntl.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "plugins/git/address.hpp"

namespace cdctl::git {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> unknown(std::string what) {
  return fail(ExitCode::unknown, std::move(what));
}

/// The text of a small file of the repository; empty when it is not there or is a folder.
Result<std::optional<std::string>> small_file(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return std::optional<std::string>();
  auto text = read_file_if_there(path);
  if (!text) return unknown(text.error().what);
  return text;
}

bool is_git_dir(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path / "HEAD", ignored) && !fs::is_symlink(path / "HEAD", ignored)) return false;
  return (fs::is_directory(path / "objects", ignored) &&
          fs::is_directory(path / "refs", ignored)) ||
         fs::exists(path / "commondir", ignored);
}

/// Follows `commondir` of a linked work tree.
Result<GitDir> with_common(const fs::path& own) {
  CDCTL_TRY_ASSIGN(const auto text, small_file(own / "commondir"));
  if (!text) return GitDir{own, own};
  const fs::path common(trimmed(*text));
  return GitDir{own, common.is_absolute() ? common : (own / common).lexically_normal()};
}

/// `.git` may be a file that names the folder, in linked work trees and submodules.
Result<std::optional<fs::path>> git_dir_of_file(const fs::path& file) {
  CDCTL_TRY_ASSIGN(const auto text, small_file(file));
  constexpr std::string_view k_key = "gitdir: ";
  if (!text || !text->starts_with(k_key)) return std::optional<fs::path>();
  const fs::path named(trimmed(std::string_view(*text).substr(k_key.size())));
  return std::optional(named.is_absolute() ? named
                                           : (file.parent_path() / named).lexically_normal());
}

Result<std::string> packed_text(const fs::path& common) {
  CDCTL_TRY_ASSIGN(auto file, small_file(common / "packed-refs"));
  return file ? std::move(*file) : std::string();
}

Result<PackedRefs> read_packed(const fs::path& common) {
  CDCTL_TRY_ASSIGN(const auto text, packed_text(common));
  if (text.size() > k_longest_list)
    return unknown(fmt::format("packed-refs is longer than {} bytes", k_longest_list));
  return parse_packed_refs(text);
}

/// The id that packed-refs has for a ref; empty when it has none.
Result<std::string> packed_id(const fs::path& common, std::string_view name) {
  CDCTL_TRY_ASSIGN(const auto text, packed_text(common));
  std::string id;
  (void)read_packed_refs(text, [&](const Ref& ref) {
    if (ref.name == name) id = ref.id;
    return true;
  });
  return id;
}

/// The id of a ref: its own file first, then packed-refs (packing writes the second before it
/// removes the first). Empty when it is nowhere; the text "?" when only git can tell.
Result<std::string> ref_id(const GitDir& repository, std::string name) {
  for (int depth = 0; depth < 5; ++depth) {
    CDCTL_TRY_ASSIGN(const auto loose,
                     small_file((name == "HEAD" ? repository.own : repository.common) / name));
    if (!loose) return packed_id(repository.common, name);
    const auto text = trimmed(*loose);
    if (valid_commit_id(text)) return std::string(text);
    constexpr std::string_view k_key = "ref: ";
    if (!text.starts_with(k_key)) return std::string("?");
    name = text.substr(k_key.size());
    if (!name.starts_with("refs/") || !valid_ref_name(name)) return std::string("?");
  }
  return std::string("?");
}

bool has_any_ref(const GitDir& repository) {
  const auto packed = packed_text(repository.common);
  bool any = !packed;
  if (packed)
    (void)read_packed_refs(*packed, [&](const Ref&) {
      any = true;
      return false;
    });
  if (any) return true;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(repository.common / "refs", error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_regular_file(error)) return true;
  }
  return false;
}

Result<LocalAnswer> newest_tag(const GitDir& repository, const Want& want) {
  Choice choice(want);
  std::set<std::string, std::less<>> loose;
  const auto folder = repository.common / "refs" / "tags";
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_directory(error)) continue;
    auto name = "refs/tags/" + it->path().lexically_relative(folder).generic_string();
    if (valid_ref_name(name)) choice.add({name, "?", {}});
    loose.insert(std::move(name));
  }
  CDCTL_TRY_ASSIGN(const auto text, packed_text(repository.common));
  const auto packed = read_packed_refs(text, [&](const Ref& ref) {
    if (!loose.contains(ref.name)) choice.add(ref);  // a file of its own is newer
    return true;
  });
  const auto& best = choice.best();
  if (!best) return fail(missing(want, !has_any_ref(repository)));
  if (!best->peeled.empty()) return LocalAnswer{best->peeled, {}};
  if (best->id != "?" && packed.fully_peeled) return LocalAnswer{best->id, {}};
  return LocalAnswer{{}, best->name + "^{commit}"};
}

}  // namespace

Result<GitDir> find_git_dir(const fs::path& path) {
  std::error_code error;
  auto with_suffix = path;
  with_suffix += ".git";
  if (!fs::exists(path, error) && !fs::exists(with_suffix, error)) {
    if (error && error != std::errc::no_such_file_or_directory)
      return unknown(fmt::format("cannot be read: {}", error.message()));
    return unknown("there is nothing at this path");
  }
  CDCTL_TRY_ASSIGN(const auto named, git_dir_of_file(path / ".git"));
  if (named && is_git_dir(*named)) return with_common(*named);
  for (const auto& candidate : {path / ".git", path, with_suffix / ".git", with_suffix}) {
    if (is_git_dir(candidate)) return with_common(candidate);
  }
  return unknown("there is no git repository at this path");
}

Result<LocalAnswer> read_local(const GitDir& repository, const Want& want) {
  const auto expression = want.branch.empty() ? std::string("HEAD") : "refs/heads/" + want.branch;
  std::error_code ignored;
  if (fs::exists(repository.common / "reftable", ignored)) {
    return want.tag.empty() ? LocalAnswer{{}, expression + "^{commit}"} : LocalAnswer{{}, "?"};
  }
  if (!want.tag.empty()) return newest_tag(repository, want);
  CDCTL_TRY_ASSIGN(auto id, ref_id(repository, expression));
  if (id == "?") return LocalAnswer{{}, expression + "^{commit}"};
  if (id.empty()) return fail(missing(want, !has_any_ref(repository)));
  return LocalAnswer{std::move(id), {}};
}

namespace {

/// Reads the files of refs below `folder`, which are newer than packed-refs.
Result<> add_loose(const fs::path& repository, const fs::path& folder,
                   std::map<std::string, Ref, std::less<>>& refs) {
  std::error_code error;
  if (!fs::exists(repository / folder, error)) return {};
  for (auto it = fs::recursive_directory_iterator(repository / folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    // A link is another ref's second name; one of a folder hides whose its refs are.
    if (it->is_symlink(error)) return fail(ExitCode::unknown, "a link is among its refs");
    if (it->is_directory(error)) continue;
    auto name = it->path().lexically_relative(repository).generic_string();
    if (!valid_ref_name(name)) continue;  // a lock
    CDCTL_TRY_ASSIGN(const auto text, read_file(it->path(), 4096));
    if (!valid_commit_id(trimmed(text)))
      return fail(ExitCode::unknown, fmt::format("{} is not a plain ref", name));
    refs[name] = Ref{name, std::string(trimmed(text)), {}};
  }
  if (error) return fail(ExitCode::unknown, fmt::format("reading refs: {}", error.message()));
  return {};
}

}  // namespace

Result<std::vector<Ref>> list_refs(const fs::path& repository) {
  std::error_code error;
  if (fs::exists(repository / "reftable", error))
    return fail(ExitCode::unknown, "its refs are in a reftable");
  CDCTL_TRY_ASSIGN(auto packed, read_packed(repository));
  if (packed.odd) return fail(ExitCode::unknown, "packed-refs holds a line that is not a ref");
  auto& refs = packed.refs;
  for (const auto* folder : {"refs/heads", "refs/tags"})
    CDCTL_TRY(add_loose(repository, folder, refs));
  std::vector<Ref> out;
  for (auto& [name, ref] : refs) {
    if (name.starts_with("refs/heads/") || name.starts_with("refs/tags/"))
      out.push_back(std::move(ref));
  }
  return out;
}

bool fits_one(const std::vector<std::string>& patterns, std::string_view name) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& pattern) { return glob_match(pattern, name); });
}

Result<std::map<std::string, std::string>> refs_in(const fs::path& repository,
                                                   const std::vector<std::string>& patterns) {
  std::error_code error;
  if (fs::exists(repository / "reftable", error))
    return fail(ExitCode::unknown, "its refs are in a reftable");
  // A ref that is packed meanwhile loses its own file: that is looked for first.
  std::map<std::string, Ref, std::less<>> refs;
  CDCTL_TRY(add_loose(repository, "refs", refs));
  CDCTL_TRY_ASSIGN(const auto text, packed_text(repository));
  std::map<std::string, std::string> out;
  const auto packed = read_packed_refs(text, [&](const Ref& ref) {
    if (fits_one(patterns, ref.name)) out.emplace(ref.name, ref.id);
    return true;
  });
  if (packed.odd) return fail(ExitCode::unknown, "packed-refs holds a line that is not a ref");
  for (const auto& [name, ref] : refs)
    if (fits_one(patterns, name)) out.insert_or_assign(name, ref.id);
  return out;
}

Result<std::string> read_ref(const fs::path& repository, const std::string& name) {
  std::error_code error;
  if (fs::exists(repository / "reftable", error))
    return fail(ExitCode::unknown, "its refs are in a reftable");
  CDCTL_TRY_ASSIGN(auto id, ref_id({repository, repository}, name));
  if (id == "?") return fail(ExitCode::unknown, fmt::format("{} is not a plain ref", name));
  return id;
}

std::string head_target(const fs::path& repository) {
  const auto text = read_file(repository / "HEAD", 4096);
  constexpr std::string_view k_key = "ref: ";
  if (!text || !text->starts_with(k_key)) return {};
  const auto name = trimmed(std::string_view(*text).substr(k_key.size()));
  return name.starts_with("refs/heads/") && valid_ref_name(name) ? std::string(name)
                                                                 : std::string();
}

PackedFile read_packed_refs(std::string_view text, const TakeRef& take) {
  PackedFile out;
  std::optional<Ref> last;  // its peeled line may follow
  while (!text.empty()) {
    const auto line = trimmed(take_until(text, '\n'));
    if (line.empty()) continue;
    if (line.starts_with('#')) {
      out.fully_peeled = out.fully_peeled || line.contains("fully-peeled");
      continue;
    }
    if (line.starts_with('^')) {
      if (last && valid_commit_id(line.substr(1))) last->peeled = line.substr(1);
      continue;
    }
    const auto blank = std::min(line.find(' '), line.size());
    const auto id = line.substr(0, blank), name = line.substr(std::min(blank + 1, line.size()));
    if (last && !take(*std::exchange(last, {}))) return out;
    if (!valid_commit_id(id)) out.odd = true;
    if (!valid_commit_id(id) || !valid_ref_name(name)) continue;
    last = Ref{std::string(name), std::string(id), {}};
  }
  if (last) (void)take(*last);
  return out;
}

PackedRefs parse_packed_refs(std::string_view text) {
  PackedRefs out;
  static_cast<PackedFile&>(out) = read_packed_refs(text, [&](const Ref& ref) {
    out.refs.insert_or_assign(ref.name, ref);
    return true;
  });
  return out;
}

std::string print_packed_refs(std::vector<Ref> refs) {
  std::ranges::sort(refs, {}, &Ref::name);
  std::string out = "# pack-refs with: sorted \n";
  for (const auto& ref : refs) out += ref.id + " " + ref.name + "\n";
  return out;
}

Result<> write_new(const fs::path& path, std::string_view bytes, unsigned mode) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd.valid()) return fail(fmt::format("making {}: {}", path.string(), errno_text(errno)));
  if (!write_all(fd.get(), bytes))
    return fail(fmt::format("writing {}: {}", path.string(), errno_text(errno)));
  return {};
}

std::string config_quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace cdctl::git
