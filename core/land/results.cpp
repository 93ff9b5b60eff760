#include "core/land/results.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <cdctl/digest.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/text.hpp>

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

constexpr auto k_kept = std::chrono::hours(24 * 30);
constexpr std::size_t k_shown = 32u << 10;

/// The system that a test runs on: another one may give another result.
std::string system_of_this_machine() {
  struct utsname name{};
  ::uname(&name);
  const auto release = read_file_if_there("/etc/os-release");
  return fmt::format("{}\n{}", name.machine,
                     release && *release ? sha256_hex(**release) : std::string());
}

void forget_in(const fs::path& folder) {
  std::error_code error;
  const auto now = std::time(nullptr);
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    struct stat info{};
    if (::lstat(at->path().c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
        now - info.st_mtime > std::chrono::seconds(k_kept).count())
      fs::remove(at->path(), error);
  }
}

}  // namespace

std::string test_key(const std::string& target, const std::string& tree, const VerifyConfig& verify,
                     bool network) {
  return sha256_hex(Json::object({{"target", target},
                                  {"tree", tree},
                                  {"command", verify.command},
                                  {"wrapper", Json::strings(verify.wrapper)},
                                  {"limit", verify.limit.count()},
                                  {"silence", verify.silence.count()},
                                  {"network", network},
                                  {"system", system_of_this_machine()}})
                        .canonical());
}

std::optional<TestResult> TestResults::find(const std::string& key) const {
  const auto json = note("results", key);
  if (!json || !(*json)["passed"].is_bool()) return {};
  TestResult out;
  out.passed = (*json)["passed"].as_bool();
  out.why = (*json)["why"].as_string();
  out.status = static_cast<int>((*json)["status"].as_int());
  out.log = (*json)["log"].as_string();
  for (const auto& one : (*json)["isolation"].items()) out.isolation.push_back(one.as_string());
  out.tries = static_cast<unsigned>((*json)["tries"].as_int(1));
  out.took_ms = (*json)["took_ms"].as_double();
  out.at = parse_rfc3339((*json)["at"].view()).value_or(Time());
  return out;
}

Result<> TestResults::keep(const std::string& key, const TestResult& result) const {
  return keep_note("results", key,
                   Json::object({{"passed", result.passed},
                                 {"why", result.why},
                                 {"status", result.status},
                                 {"tries", result.tries},
                                 {"log", result.log},
                                 {"isolation", Json::strings(result.isolation)},
                                 {"took_ms", result.took_ms},
                                 {"at", to_rfc3339(result.at)}}));
}

std::optional<Json> TestResults::note(const std::string& kind, const std::string& key) const {
  const auto text = read_file_if_there(folder_ / kind / (key + ".json"));
  if (!text || !*text) return {};
  auto json = Json::parse(**text);
  return json ? std::optional(std::move(*json)) : std::optional<Json>();
}

Result<> TestResults::keep_note(const std::string& kind, const std::string& key,
                                const Json& note) const {
  CDCTL_TRY(make_directories(folder_ / kind, 0700));
  return write_file_atomically(folder_ / kind / (key + ".json"), note.dump() + "\n", 0600);
}

void TestResults::forget_note(const std::string& kind, const std::string& key) const {
  std::error_code error;
  fs::remove(folder_ / kind / (key + ".json"), error);
}

std::vector<Json> TestResults::notes(const std::string& kind) const {
  std::vector<Json> out;
  std::error_code error;
  for (fs::directory_iterator at(folder_ / kind, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".json") continue;
    if (auto one = note(kind, at->path().stem().string())) out.push_back(std::move(*one));
  }
  return out;
}

Result<std::optional<FileLock>> TestResults::lock(const std::string& key) const {
  const auto folder = folder_ / "results";
  CDCTL_TRY(make_directories(folder, 0700));
  return FileLock::acquire(folder / (key + ".lock"), Deadline(Millis(0)));
}

Result<fs::path> TestResults::new_log(const std::string& target) const {
  const auto folder = folder_ / "logs";
  CDCTL_TRY(make_directories(folder, 0700));
  return folder / fmt::format("{}-{}.log", target, random_hex(8));
}

void TestResults::forget_old() const {
  for (const auto* part : {"results", "logs", "made", "overdue", "unsure", "rejected"})
    forget_in(folder_ / part);
}

std::string last_lines(const fs::path& log, std::size_t most) {
  const auto text = read_file(log);
  if (!text) return {};
  const auto all = lines(*text);
  std::string out;
  for (std::size_t i = all.size() - std::min(all.size(), most); i < all.size(); ++i)
    out += printable(all[i], 500) + "\n";
  if (out.size() > k_shown) out.erase(0, out.size() - k_shown);
  return out;
}

std::string why_with_log(std::string why, const fs::path& log) {
  if (log.empty()) return why;
  if (!why.contains(log.string())) why += fmt::format("; its log is {}", log.string());
  const auto end = last_lines(log);
  const auto all = lines(end);
  const auto last = std::ranges::find_if_not(
      all.rbegin(), all.rend(), [](std::string_view line) { return trimmed(line).empty(); });
  if (last != all.rend()) why += fmt::format(", which ends with: {}", printable(*last, 200));
  return why;
}

std::string meaning_of_status(int status) {
  if (status == 126) return "it, or what it calls, is there and cannot be run: is it executable?";
  if (status == 127) return "it, or what it calls, is not there: is it installed, and in PATH?";
  if (status > 128 && status < 128 + 65) return fmt::format("ended by signal {}", status - 128);
  return {};
}

}  // namespace cdctl::land
