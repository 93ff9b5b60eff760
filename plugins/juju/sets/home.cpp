#include "plugins/juju/sets/home.hpp"

#include <unistd.h>

#include <array>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cdctl/digest.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "plugins/juju/model/models.hpp"

namespace cdctl::juju {

namespace {

/// The text at `path` of keys, empty when there is none. Exit code `unknown` when the file cannot
/// be read.
class YamlFile {
 public:
  static Result<YamlFile> load(const std::filesystem::path& path) {
    CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(path));
    YamlFile out;
    if (!text) return out;
    if (text->size() > k_largest)
      return fail(ExitCode::config,
                  fmt::format("{}: larger than {} bytes", path.string(), k_largest));
    try {
      out.root_ = YAML::Load(*text);
    } catch (const YAML::Exception& e) {
      return fail(ExitCode::config, fmt::format("{}: {}; run juju login again", path.string(),
                                                printable(e.what(), 120)));
    }
    return out;
  }
  [[nodiscard]] std::string text(std::initializer_list<std::string> path) const {
    try {
      YAML::Node node;
      node.reset(root_);  // no copy: what aliases name many times is there once
      for (const auto& key : path) {
        if (!node.IsMap()) return {};
        node.reset(std::as_const(node)[key]);
      }
      return node.IsScalar() ? node.as<std::string>() : std::string();
    } catch (const YAML::Exception&) {
      return {};
    }
  }

 private:
  static constexpr std::size_t k_largest = 4u << 20;  // some hundred bytes for each controller
  YAML::Node root_;
};

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

constexpr std::size_t k_machine_id = 16;

/// With the host's name: a copied disk is another machine.
std::string machine_of(const std::string& id) {
  return sha256_hex(host_name() + ":" + id).substr(0, 16);
}

}  // namespace

Result<ControllerHome> ControllerHome::read(const Host& host) {
  ControllerHome out;
  CDCTL_TRY_ASSIGN(out.access, read_access(host, {}));
  const auto file = out.access.data / "controllers.yaml";
  CDCTL_TRY_ASSIGN(const auto controllers, YamlFile::load(file));
  if (out.access.controller.empty())
    out.access.controller = controllers.text({"current-controller"});
  if (!valid_controller_name(out.access.controller))
    return fail(ExitCode::config,
                fmt::format("{} has chosen no controller; run juju login, or set [juju] controller",
                            file.string()));
  out.uuid = controllers.text({"controllers", out.access.controller, "uuid"});
  if (!valid_uuid(out.uuid))
    return fail(ExitCode::config,
                fmt::format("{} knows no controller '{}'; run juju login, or set [juju] controller",
                            file.string(), out.access.controller));
  CDCTL_TRY_ASSIGN(const auto accounts, YamlFile::load(out.access.data / "accounts.yaml"));
  out.user = accounts.text({"controllers", out.access.controller, "user"});
  out.folder = host.home() / "juju" / out.uuid;
  out.machine_file = host.home() / "juju" / "machine";
  return out;
}

std::filesystem::path ControllerHome::work(const SetName& name) const {
  return access.snap ? access.private_parent / "cdctl" / uuid / name.str() : set(name) / "work";
}

Access ControllerHome::by(const Deadline& deadline) const {
  auto out = access;
  out.until = deadline;
  return out;
}

std::optional<std::string> ControllerHome::known_machine() const {
  const auto id = read_file_if_there(machine_file);
  return id && *id && (*id)->size() >= k_machine_id ? std::optional(machine_of(**id))
                                                    : std::nullopt;
}

Result<std::string> ControllerHome::machine(const Deadline& deadline) const {
  if (auto known = known_machine()) return std::move(*known);
  CDCTL_TRY(make_directories(machine_file.parent_path(), 0700));
  CDCTL_TRY_ASSIGN(const auto lock, OfdLock::acquire(machine_file.string() + ".lock",
                                                     deadline.at_most(std::chrono::seconds(5))));
  if (!lock)
    return fail(
        ExitCode::timeout,
        fmt::format("reading {}: somebody else holds its lock; try again", machine_file.string()));
  CDCTL_TRY_ASSIGN(auto id, read_file_if_there(machine_file));
  if (!id || id->size() < k_machine_id) {
    id = random_hex(16);
    CDCTL_TRY(write_file_atomically(machine_file, *id, 0600));
  }
  return machine_of(*id);
}

}  // namespace cdctl::juju
