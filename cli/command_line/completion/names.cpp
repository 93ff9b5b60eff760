#include "cli/command_line/completion/names.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/output/cell.hpp"

namespace cdctl::cli::completion {

namespace fs = std::filesystem;

namespace {

constexpr auto k_fresh = std::chrono::seconds(5);
constexpr auto k_usable = std::chrono::hours(24);
constexpr std::string_view k_heading = "cdctl names 1\n";

}  // namespace

NamesCache::NamesCache(const fs::path& home, const fs::path& config) : home_(home) {
  std::error_code error;
  file_ =
      home / "completion" / sha256_hex(fs::weakly_canonical(config, error).string()).substr(0, 16);
}

fs::path NamesCache::lock_file() const { return file_.string() + ".lock"; }

NamesCache::Kept NamesCache::read() const {
  Kept out;
  struct stat info{};
  if (::stat(file_.c_str(), &info) != 0) return out;
  const auto age = now() - Time(std::chrono::seconds(info.st_mtim.tv_sec));
  if (age > k_usable) return out;
  if (const auto text = read_file(file_, 4u << 20)) out.sets = from_text(*text);
  out.fresh = age >= -k_fresh && age <= k_fresh;
  return out;
}

void NamesCache::write(const std::vector<KnownSet>& sets) const {
  std::error_code error;
  if (!fs::is_directory(home_, error)) return;
  fs::create_directory(file_.parent_path(), error);
  // Not write_file_atomically: whether this outlives a power cut does not matter, and two fsyncs
  // would be felt in `ls`.
  const auto beside = fmt::format("{}.{}", file_.string(), ::getpid());
  if (auto* stream = std::fopen(beside.c_str(), "wx")) {
    const auto text = to_text(sets);
    const bool whole = std::fwrite(text.data(), 1, text.size(), stream) == text.size();
    if (std::fclose(stream) == 0 && whole && ::rename(beside.c_str(), file_.c_str()) == 0) return;
  }
  ::unlink(beside.c_str());
}

std::string NamesCache::to_text(const std::vector<KnownSet>& sets) {
  std::string out(k_heading);
  for (const auto& set : sets)
    fmt::format_to(std::back_inserter(out), "{}\t{}{}\t{}\n", set.name.str(), set.newest ? "n" : "",
                   set.here ? "h" : "", set.note);
  return out;
}

std::vector<KnownSet> NamesCache::from_text(std::string_view text) {
  std::vector<KnownSet> out;
  if (!text.starts_with(k_heading)) return out;
  text.remove_prefix(k_heading.size());
  for (auto line : lines(text)) {
    const auto name = parse_set_name(take_until(line, '\t'));
    const auto flags = take_until(line, '\t');
    if (name) out.push_back({*name, flags.contains('n'), flags.contains('h'), printable(line, 60)});
  }
  return out;
}

Seen seen(fleet::Fleet& fleet, const std::vector<KnownSet>& before) {
  Seen out;
  for (const auto& view : fleet.services()) {
    if (view.error) {
      out.whole = false;
      for (const auto& set : before)
        if (set.name.service == view.config->name) out.sets.push_back(set);
      continue;
    }
    for (const auto& set : view.sets) {
      const bool here = set.status && set.engine == k_embedded;
      out.sets.push_back({set.name, set.newest, here, state_text(records::encode(set.record()))});
    }
  }
  return out;
}

void remember(const app::Context& context, fleet::Fleet& fleet) {
  const auto all = seen(fleet, {});
  if (all.whole) NamesCache(context.home(), context.config().file).write(all.sets);
}

}  // namespace cdctl::cli::completion
