// @NAME@: @SUMMARY@.
#include <cdctl/plugin.hpp>

namespace {

class NewSink final : public cdctl::Sink {
 public:
  explicit NewSink(cdctl::Host& host) : host_(host) {}

  /// Passes records on; returns once the receiver has them for good. They may come twice. An error that is `transient` is
  /// tried again within the deadline.
  cdctl::Result<cdctl::PassAnswer> do_pass(const std::string& receiver, std::span<const cdctl::Json> records,
                                           const cdctl::Deadline& deadline) override {
    (void)receiver;  // one of do_receivers(), for a sink that has several
    for (const auto& record : records) {
      if (deadline.passed()) return cdctl::fail(cdctl::ExitCode::timeout, "no time left");
      // Only what a sink is for: a chat need not hear of everything.
      if (record["schema"].view() != "cdctl.signal/1") continue;
      host_.log(cdctl::Level::note, "@NAME@: " + record["set"].as_string() + " says " + record["signal"].as_string());
    }
    return {};
  }

 private:
  cdctl::Host& host_;
};

using namespace cdctl::plugin;
constexpr RoleRow k_roles[] = {row<cdctl::Sink, NewSink>("@NAME@")};

}  // namespace

CDCTL_PLUGIN(.name = "@NAME@", .version = CDCTL_PLUGIN_VERSION, .summary = "@SUMMARY@", .roles = k_roles);
