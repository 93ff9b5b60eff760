#include <cdctl/shield.hpp>

#include "plugins/juju/commands/rows.hpp"
#include "plugins/juju/engine/doctor.hpp"
#include "plugins/juju/engine/engine.hpp"
#include "plugins/juju/engine/probe.hpp"

namespace {

using namespace cdctl;
using plugin::Role;

/// An engine that knows no controller is none: the reason is said where it is asked for.
void* make_engine(Host& host, std::string& what) noexcept {
  try {
    auto engine = std::make_unique<juju::JujuEngine>(host);
    if (const auto ready = engine->ready(); !ready)
      what = ready.error().what;
    else
      return static_cast<Engine*>(new plugin::ShieldEngine(std::move(engine)));
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "unknown exception";
  }
  return nullptr;
}

constexpr plugin::RoleRow k_roles[] = {
    {Role::engine, "juju", "", &make_engine},
    {Role::doctor, "juju", "", plugin::make<plugin::ShieldDoctor, juju::JujuDoctor>},
    {Role::probe, "juju", "", plugin::make<plugin::ShieldProbe, juju::JujuProbe>},
};

constexpr const char* k_service_keys =
    "isolation model application cloud credential model_config amqp amqp_as storage cut "
    "force_after no_wait_after give_up_after";

}  // namespace

CDCTL_PLUGIN("juju", CDCTL_PLUGIN_VERSION,
             "sets on models of a Juju controller, and what runs there", k_roles,
             std::size(k_roles), cdctl::juju::k_commands.data(), cdctl::juju::k_commands.size(),
             "controller data", k_service_keys);
