// @NAME@: @SUMMARY@.
#include <cdctl/fs.hpp>
#include <cdctl/plugin.hpp>

namespace {

using namespace cdctl;

/// Asked about the sets of each service whose file has a table [@NAME@]. Here `file` lists the sets that somebody found to be bad.
class NewProbe final : public Probe {
 public:
  explicit NewProbe(Host&) {}

  /// A signal about each set: a bad one, or a good one (info), so that rates have a denominator. `memory` is kept from look to
  /// look. When nothing could be asked that is an error, exit code `unknown`, and never a good signal.
  Result<std::vector<Json>> do_observe(std::span<const ProbeTarget> targets, Json& memory, const Deadline& deadline) override {
    std::vector<Json> out;
    for (const auto& target : targets) {
      if (deadline.passed()) return fail(ExitCode::timeout, "@NAME@: no time left");
      const auto file = target.service.table["@NAME@"]["file"].as_string("bad-sets");
      const auto text = read_file_if_there(file);
      if (!text) return fail(ExitCode::unknown, text.error().what);
      const bool bad = (*text).value_or("").contains(target.set.str() + "\n");
      auto signal = Json::object({{"set", target.set.str()}, {"source", "/probe/@NAME@"}, {"signal", "@NAME@/listed"}, {"severity", bad ? "error" : "info"},
                                  {"counts", Json::object({{"ok", bad ? 0 : 1}, {"failed", bad ? 1 : 0}})}});
      if (bad) signal.set("message", "it is listed in " + file);
      out.push_back(std::move(signal));
    }
    memory.set("looks", memory["looks"].as_int() + 1);
    return out;
  }
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {row<Probe, NewProbe>("@NAME@")};
/// What `cdctl config explain` says of them. The table comes first.
constexpr KeyRow k_keys[] = {
    {KeyPlace::service, "@NAME@", "table", "", "{ file = \"bad-sets.txt\" }", "probe", "The probe @NAME@"},
    {KeyPlace::service, "@NAME@.file", "file", "bad-sets", "\"bad-sets.txt\"", "probe", "The list of bad sets"},
};

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .roles = k_roles, .keys = k_keys);
