// @NAME@: @SUMMARY@.
#include <cdctl/child.hpp>
#include <cdctl/plugin.hpp>

namespace {

using namespace cdctl;

class NewDoctor final : public Doctor {
 public:
  explicit NewDoctor(Host& host) : program_(host.config().table["@NAME@"]["program"].as_string("sh")) {}

  /// What is needed before it is needed. Changes nothing; what could not be asked is a check of its own.
  std::vector<Check> do_examine(const Deadline&) override {
    if (const auto found = find_program(program_)) return {{"program", Check::State::ok, found->string(), ""}};
    return {{"program", Check::State::bad, "no " + program_ + " on PATH", "install it, or set [@NAME@] program"}};
  }

 private:
  std::string program_;
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {row<Doctor, NewDoctor>("@NAME@")};
/// What `cdctl config explain` says of them. The table comes first.
constexpr KeyRow k_keys[] = {
    {KeyPlace::file, "@NAME@", "table", "", "{ program = \"python3\" }", "doctor", "The doctor of @NAME@"},
    {KeyPlace::file, "@NAME@.program", "text", "sh", "\"python3\"", "doctor", "The program that must be there"},
};

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .roles = k_roles, .keys = k_keys);
