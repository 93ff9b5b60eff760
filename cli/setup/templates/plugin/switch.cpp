// @NAME@: @SUMMARY@.
#include <filesystem>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/host.hpp>
#include <cdctl/plugin.hpp>

namespace {

using namespace cdctl;
namespace fs = std::filesystem;

/// What a set can be cut from. Every service whose file has a table [@NAME@] uses it. Here a set has a pass, a file that says open,
/// drain or cut, and a worker looks at it before it takes work; your switch closes the door itself.
class NewSwitch final : public Switch {
 public:
  explicit NewSwitch(Host& host) : folder_(host.home() / "@NAME@") {}

  /// Before anything is made: is there what it needs?
  Result<> do_check(const ServiceConfig&, const Deadline&) override { return make_directories(folder_, 0700); }

  /// Makes what the set needs, and says it to the units. Repeatable, and never undoes a cut.
  Result<std::map<std::string, std::string>> do_provision(const ServiceConfig&, const SetName& set, std::string_view, const Deadline&) override {
    CDCTL_TRY_ASSIGN(const auto now_is, state(set));
    if (!now_is) CDCTL_TRY(put(set, "open"));
    return std::map<std::string, std::string>{{"CDCTL_PASS", pass(set).string()}};
  }

  Result<Step> do_cut(const SetName& set, std::string_view, const Deadline&) override { return turn(set, "cut"); }
  Result<Step> do_drain(const SetName& set, const Deadline&) override {
    CDCTL_TRY_ASSIGN(const auto now_is, state(set));
    return now_is == "cut" ? Result<Step>(Step{"@NAME@"}) : turn(set, "drain");
  }
  Result<Step> do_mend(const SetName& set, std::optional<std::int64_t>, const Deadline&) override { return turn(set, "open"); }
  Result<Step> do_retire(const SetName& set, const Deadline&) override {
    const bool there = ::unlink(pass(set).c_str()) == 0;
    if (!there && errno != ENOENT) return fail("removing " + pass(set).string() + ": " + errno_text(errno));
    return Step{"@NAME@", there};
  }

  /// How many units of each set work behind it, in the order asked: what the guards count. What cannot be counted is exit code
  /// `unknown`. A file knows nothing of connections: an open pass stands for one.
  Result<std::vector<std::int64_t>> do_connections(std::span<const SetName> sets, const Deadline&) override {
    std::vector<std::int64_t> out;
    for (const auto& set : sets) {
      const auto now_is = state(set);
      if (!now_is) return fail(ExitCode::unknown, now_is.error().what);
      out.push_back(*now_is == "open" ? 1 : 0);
    }
    return out;
  }

  Result<Json> do_describe(const ServiceConfig&, const SetName& set, const Deadline&) override {
    CDCTL_TRY_ASSIGN(const auto now_is, state(set));
    return Json::object({{"pass", pass(set).string()}, {"state", now_is ? Json(*now_is) : Json()}});
  }

 private:
  [[nodiscard]] fs::path pass(const SetName& set) const { return folder_ / set.str(); }
  [[nodiscard]] Result<std::optional<std::string>> state(const SetName& set) const { return read_file_if_there(pass(set)); }
  [[nodiscard]] Result<> put(const SetName& set, std::string_view state) const { return write_file_atomically(pass(set), state); }

  /// A set that is absent is in the wanted state already.
  Result<Step> turn(const SetName& set, std::string_view wanted) {
    CDCTL_TRY_ASSIGN(const auto now_is, state(set));
    if (!now_is || *now_is == wanted) return Step{"@NAME@"};
    CDCTL_TRY(put(set, wanted));
    return Step{"@NAME@", true};
  }

  fs::path folder_;
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {row<Switch, NewSwitch>("@NAME@")};
/// What `cdctl config explain` says of them. The table comes first.
constexpr KeyRow k_keys[] = {
    {KeyPlace::service, "@NAME@", "table", "", "{ note = \"of the sale\" }", "deploy", "The switch @NAME@"},
    {KeyPlace::service, "@NAME@.note", "text", "", "\"of the sale\"", "deploy", "Kept with the passes of its sets"},
};

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .roles = k_roles, .keys = k_keys);
