// @NAME@: @SUMMARY@.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/host.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/plugin.hpp>
#include <cdctl/source.hpp>
#include <cdctl/text.hpp>

namespace {

using namespace cdctl;
namespace fs = std::filesystem;

/// `[@NAME@] program` has the units. It is called as PROGRAM VERB SET and, for start, TYPE COMMAND COUNT in the folder of the
/// workload; secrets are in its environment. Verbs: start, stop (all of the set; they are gone when it ends), freeze, thaw, up (prints
/// how many run). Each may be repeated.
class UnitsProgram {
 public:
  explicit UnitsProgram(const Config& config) : trusted_(config.trusted), file_(config.table["@NAME@"]["program"].as_string()) {}

  Result<std::string> ask(std::vector<std::string> words, const Deadline& deadline, const fs::path& directory = {}, std::map<std::string, std::string> env = {}) const {
    if (file_.empty()) return fail(ExitCode::config, "[@NAME@] program is missing in cdctl.toml");
    if (!trusted_) return fail(ExitCode::config, "[@NAME@] program is run only from a configuration that you name: --config, $CDCTL_CONFIG");
    const auto what = file_ + " " + words[0] + " " + words[1];
    Program command;
    words.insert(words.begin(), file_);
    command.argv = std::move(words);
    command.env = std::move(env);
    command.directory = directory;
    command.deadline = deadline;
    CDCTL_TRY_ASSIGN(const auto done, run(command));
    if (!done.ok()) return fail(done.timed_out ? ExitCode::timeout : ExitCode::unknown, what + ": " + done.how() + ": " + printable(done.err));
    return done.out;
  }

  Result<std::int64_t> up(const SetName& set, const Deadline& deadline) const {
    CDCTL_TRY_ASSIGN(const auto text, ask({"up", set.str()}, deadline));
    std::int64_t out = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc()) return out;
    return fail(ExitCode::unknown, file_ + " up " + set.str() + " printed no number");
  }

 private:
  bool trusted_;
  std::string file_;
};

/// What is kept of a set. `record.json` is replaced as a whole, so that a kill leaves the old one or the new one.
struct Folder {
  SetName set;
  fs::path path;

  [[nodiscard]] fs::path lock() const { return path.string() + ".lock"; }  // stays: who waits for it has it open
  [[nodiscard]] Result<Json> read(const char* file = "record.json") const {
    auto text = read_file_if_there(path / file);
    if (!text) return fail(ExitCode::unknown, text.error().what);
    return *text ? Json::parse(**text) : Result<Json>(Json());
  }
  [[nodiscard]] Result<> write(const Json& json, const char* file = "record.json") const { return write_file_atomically(path / file, json.dump(), 0600); }
  [[nodiscard]] Result<> note(std::string_view key, Json value) const {
    CDCTL_TRY_ASSIGN(auto record, read());
    return write(record.set(key, std::move(value)));
  }
};

/// Starts what run.json says.
Result<> start_units(const UnitsProgram& program, const Folder& folder, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto plan, folder.read("run.json"));
  std::map<std::string, std::string> env;
  for (const auto& [name, value] : plan["env"].members()) env.emplace(name, value.as_string());
  for (const auto& one : plan["processes"].items())
    CDCTL_TRY(program.ask({"start", folder.set.str(), one["type"].as_string(), one["command"].as_string(), std::to_string(one["units"].as_int())}, deadline,
                          plan["directory"].as_string(), env));
  return {};
}

/// Held for as long as a deploy of the set runs.
class NewClaim final : public Claim {
 public:
  NewClaim(const UnitsProgram& program, Folder folder, FileLock lock, SetStatus found)
      : program_(program), folder_(std::move(folder)), lock_(std::move(lock)), found_(std::move(found)) {}

  const SetStatus& do_found() const noexcept override { return found_; }
  fs::path do_workspace() const override { return folder_.path / "work"; }
  Result<std::optional<std::string>> do_load_secret(std::string_view key) override { return read_file_if_there(folder_.path / "secrets" / key); }
  Result<> do_save_secret(std::string_view key, std::string_view value) override {
    CDCTL_TRY(make_directories(folder_.path / "secrets", 0700));
    return write_file_atomically(folder_.path / "secrets" / key, value, 0600);
  }
  Result<> do_clean(const Deadline& deadline) override {
    CDCTL_TRY(folder_.note("finished", false));
    CDCTL_TRY(folder_.note("reaping", false));
    CDCTL_TRY(halt(deadline));
    CDCTL_TRY(remove_tree(workspace()));
    return make_directories(workspace(), 0700);
  }
  Result<> do_start(const Workload& workload, const Deadline& deadline) override {
    auto env = Json::object(), processes = Json::array();
    std::int64_t want = 0;
    for (const auto& [name, value] : workload.env) env.set(name, value);
    for (const auto& one : workload.processes) processes.push_back(Json::object({{"type", one.type}, {"command", one.command}, {"units", one.units}})), want += one.units;
    CDCTL_TRY(folder_.write(Json::object({{"directory", workload.directory.string()}, {"env", env}, {"processes", processes}}), "run.json"));
    CDCTL_TRY(folder_.note("want", want));
    CDCTL_TRY(start_units(program_, folder_, deadline));
    CDCTL_TRY_ASSIGN(const auto record, folder_.read());
    if (record["frozen"].as_bool()) CDCTL_TRY(program_.ask({"freeze", folder_.set.str()}, deadline));  // a bad set that is repaired stays cut
    return {};
  }
  Result<> do_finish() override {
    CDCTL_TRY(folder_.note("attempts", 0));
    CDCTL_TRY(folder_.note("served", true));
    return folder_.note("finished", true);
  }
  Result<> do_halt(const Deadline& deadline) override {
    CDCTL_TRY(program_.ask({"stop", folder_.set.str()}, deadline));
    return {};
  }
  void do_abandon(std::string_view why) override {
    const auto attempts = found_.attempts + 1;
    const auto pause = std::min<Millis>(std::chrono::seconds(30) * attempts, std::chrono::hours(1));
    (void)folder_.note("attempts", attempts);
    (void)folder_.note("retry_at", to_rfc3339(now() + pause));
    (void)folder_.note("why", why);
  }

 private:
  UnitsProgram program_;
  Folder folder_;
  FileLock lock_;
  SetStatus found_;
};

/// `engine = "@NAME@"` in a service's file.
class NewEngine final : public Engine {
 public:
  explicit NewEngine(Host& host) : program_(host.config()), sets_(host.home() / "@NAME@") {}

  std::string do_home() const override {
    char host[256] = "localhost";
    (void)::gethostname(host, sizeof host - 1);
    return std::string(host) + ":" + sets_.string();
  }
  /// All or an error: what is left out counts as gone.
  Result<std::vector<SetStatus>> do_list(std::optional<std::string_view> service, const Deadline& deadline) override {
    std::vector<SetStatus> out;
    std::error_code error;
    for (fs::directory_iterator at(sets_, error), end; !error && at != end; at.increment(error)) {
      const auto set = parse_set_name(at->path().filename().string());
      if (!set || (service && set->service != *service)) continue;
      CDCTL_TRY_ASSIGN(auto status, describe(*set, deadline));
      if (status.state != "absent") out.push_back(std::move(status));
    }
    if (error && error != std::errc::no_such_file_or_directory) return fail(ExitCode::unknown, "listing " + sets_.string() + ": " + error.message());
    return out;
  }
  Result<SetStatus> do_describe(const SetName& set, const Deadline& deadline) override { return look(set, deadline, false); }
  Result<std::unique_ptr<Claim>> do_claim(const SetName& set, const Sources& sources, Time deployed_at, const Deadline& deadline) override {
    const auto folder = of(set);
    CDCTL_TRY(make_directories(sets_, 0700));
    CDCTL_TRY_ASSIGN(auto lock, FileLock::acquire(folder.lock(), deadline));
    if (!lock) return fail(ExitCode::timeout, "claiming " + set.str() + ": another deploy of it runs");
    CDCTL_TRY_ASSIGN(auto found, look(set, deadline, true));
    CDCTL_TRY(make_directories(folder.path / "work", 0700));
    if (found.state == "absent") CDCTL_TRY(folder.write(Json::object({{"sources", to_json(sources)}, {"deployed_at", to_rfc3339(deployed_at)}})));
    return std::make_unique<NewClaim>(program_, folder, std::move(*lock), std::move(found));
  }

  /// Noted before it is done: who is killed in between is repeated, and a repair in between stays cut.
  Result<Step> do_cut(const SetName& set, const Deadline& deadline) override {
    return turn(set, "frozen", true, [&](const Folder&) { return program_.ask({"freeze", set.str()}, deadline); });
  }
  Result<Step> do_mend(const SetName& set, bool thaw, const Deadline& deadline) override {
    return turn(set, "frozen", false, [&](const Folder& folder) -> Result<std::string> {
      if (thaw) return program_.ask({"thaw", set.str()}, deadline);
      CDCTL_TRY(program_.ask({"stop", set.str()}, deadline));  // what was frozen may hold work that others have by now
      CDCTL_TRY(start_units(program_, folder, deadline));
      return std::string();
    });
  }
  Result<Step> do_stop(const SetName& set, Millis, const Deadline& deadline) override {
    return turn(set, "reaping", true, [&](const Folder&) { return program_.ask({"stop", set.str()}, deadline); });
  }
  Result<Step> do_destroy(const SetName& set, const Deadline& deadline) override {
    CDCTL_TRY_ASSIGN(const auto record, of(set).read());
    const auto up = record.is_null() ? Result<std::int64_t>(0) : program_.up(set, deadline);
    if (!up) return std::unexpected(up.error());
    if (*up > 0) return fail("removing " + set.str() + ": " + std::to_string(*up) + " of its units still run");
    CDCTL_TRY(remove_tree(of(set).path));  // also what a killed destroy has left
    return Step{"@NAME@", !record.is_null()};
  }

 private:
  [[nodiscard]] Folder of(const SetName& set) const { return {set, sets_ / set.str()}; }

  /// `ours`: we hold its lock, so nobody else deploys it.
  Result<SetStatus> look(const SetName& set, const Deadline& deadline, bool ours) {
    const auto folder = of(set);
    CDCTL_TRY_ASSIGN(const auto record, folder.read());
    SetStatus out;
    out.name = set, out.engine = "@NAME@", out.home = home(), out.state = "absent";
    if (record.is_null()) return out;
    CDCTL_TRY_ASSIGN(out.sources, sources_from_json(record["sources"]));
    CDCTL_TRY_ASSIGN(out.up, program_.up(set, deadline));
    out.want = record["want"].as_int();
    out.deployed_at = parse_rfc3339(record["deployed_at"].view());
    out.retry_at = parse_rfc3339(record["retry_at"].view());
    out.attempts = record["attempts"].as_int();
    out.served = record["served"].as_bool();
    out.world_cut = record["frozen"].as_bool();
    if (record["reaping"].as_bool()) out.state = "reaping";
    else if (!ours && FileLock::held(folder.lock())) out.state = "deploying";
    else if (!record["finished"].as_bool()) out.state = "partial";
    else out.state = *out.up > 0 ? "live" : "down";
    out.detail.set("folder", folder.path.string());
    return out;
  }

  /// Absent is nothing to do. It is done again also where it is noted already: the one who noted it may have been killed.
  template <class Act>
  Result<Step> turn(const SetName& set, const char* key, bool wanted, Act act) {
    const auto folder = of(set);
    CDCTL_TRY_ASSIGN(const auto record, folder.read());
    if (record.is_null() || (!wanted && !record[key].as_bool())) return Step{"@NAME@"};
    if (wanted) CDCTL_TRY(folder.note(key, true));
    CDCTL_TRY(act(folder));
    if (!wanted) CDCTL_TRY(folder.note(key, false));
    return Step{"@NAME@", record[key].as_bool() != wanted};
  }

  UnitsProgram program_;
  fs::path sets_;
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {row<Engine, NewEngine>("@NAME@")};
/// What `cdctl config explain` says of them. The table comes first.
constexpr KeyRow k_keys[] = {
    {KeyPlace::file, "@NAME@", "table", "", "{ program = \"/srv/units\" }", "all", "The engine @NAME@"},
    {KeyPlace::file, "@NAME@.program", "text", "", "\"/srv/units\"", "all", "The program that has the units"},
};

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .roles = k_roles, .keys = k_keys);
