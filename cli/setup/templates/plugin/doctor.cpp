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

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .roles = k_roles, .global_keys = "program");
