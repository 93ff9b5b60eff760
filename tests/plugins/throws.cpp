// Fails in its entry: the constructor of its role throws.
#include <cdctl/plugin.hpp>
#include <cdctl/source.hpp>

namespace {

class Broken final : public cdctl::Source {
 public:
  explicit Broken(cdctl::Host&) { throw std::runtime_error("no licence found"); }
  std::vector<cdctl::Result<cdctl::SourceState>> do_newest(std::span<const cdctl::SourceConfig>,
                                                           const cdctl::Deadline&) override {
    return {};
  }
  cdctl::Result<cdctl::SourceState> do_resolve(const cdctl::SourceConfig&, std::string_view,
                                               const cdctl::Deadline&) override {
    return cdctl::fail("");
  }
  cdctl::Result<> do_checkout(const cdctl::SourceConfig&, std::string_view,
                              const std::filesystem::path&, const cdctl::Deadline&) override {
    return {};
  }
};

const cdctl::plugin::RoleRow k_roles[] = {cdctl::plugin::row<cdctl::Source, Broken>("throws")};

}  // namespace

CDCTL_PLUGIN(.name = "throws", .version = "1.0", .summary = "a test plugin", .roles = k_roles);
