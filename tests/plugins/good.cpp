// A plugin that works: a source kind `fake` whose newest revision is always the same.
#include <cdctl/plugin.hpp>
#include <cdctl/record.hpp>
#include <cdctl/source.hpp>

namespace {

class Fake final : public cdctl::Source {
 public:
  explicit Fake(cdctl::Host&) {}
  std::vector<cdctl::Result<cdctl::SourceState>> do_newest(
      std::span<const cdctl::SourceConfig> sources, const cdctl::Deadline&) override {
    return std::vector<cdctl::Result<cdctl::SourceState>>(
        sources.size(), cdctl::SourceState{"fake", "fake:", "1", {}});
  }
  cdctl::Result<cdctl::SourceState> do_resolve(const cdctl::SourceConfig&, std::string_view,
                                               const cdctl::Deadline&) override {
    throw std::runtime_error("thrown inside the plugin");
  }
  cdctl::Result<> do_checkout(const cdctl::SourceConfig&, std::string_view,
                              const std::filesystem::path&, const cdctl::Deadline&) override {
    throw 42;
  }
};

const cdctl::plugin::RoleRow k_roles[] = {
    cdctl::plugin::row<cdctl::Source, Fake>("fake", "flavour")};

/// A record of a plugin that is no part of this project.
struct Flavour {
  static constexpr cdctl::plugin::ColumnRow k_columns[] = {
      {"FLAVOUR", "name"}, {"SWEET", "sweet", cdctl::plugin::Show::yes}};
  static constexpr cdctl::plugin::RecordRow k_head =
      cdctl::records::head("test.flavour/1", "A flavour", k_columns);
  std::string name;
  bool sweet = false;
  static constexpr auto rows() {
    return std::tuple{cdctl::records::required("name", &Flavour::name, "text"),
                      cdctl::records::optional("sweet", &Flavour::sweet, "flag", "or not")};
  }
};

constexpr cdctl::plugin::RecordRow k_records[] = {cdctl::records::row_of<Flavour>()};

}  // namespace

CDCTL_PLUGIN(.name = "good", .version = "1.0", .summary = "a test plugin", .roles = k_roles,
             .records = k_records);
