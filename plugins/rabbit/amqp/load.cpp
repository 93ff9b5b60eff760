#include <dlfcn.h>

#include <filesystem>

#include <fmt/format.h>

#include <cdctl/module.hpp>

#include "plugins/rabbit/amqp/amqp.hpp"

namespace cdctl::rabbit {

namespace {

constexpr const char* k_module = "cdctl-amqp.so";

/// The module lies beside the folder of plugins; a program that holds this code itself (a test)
/// finds it in the tree.
std::filesystem::path find_module() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&amqp_driver), &info) == 0 || !info.dli_fname)
    return {};
  std::error_code ignored;
  const auto folder =
      std::filesystem::canonical(info.dli_fname, ignored).parent_path().parent_path();
  for (const auto& candidate : {folder / k_module, folder / CDCTL_LIBDIR / k_module})
    if (std::filesystem::is_regular_file(candidate, ignored)) return candidate;
  return {};
}

}  // namespace

Result<AmqpDriver*> amqp_driver() {
  const auto path = find_module();
  if (path.empty())
    return fail(fmt::format(
        "the AMQP module cannot be used: {} is not beside the plugins; install it again",
        k_module));
  auto make = module_function<AmqpDriver*()>(path, "cdctl_amqp_driver", "the AMQP module");
  if (!make) return fail(make.error().what);  // an item of many fails, not the configuration
  return (*make)();
}

}  // namespace cdctl::rabbit
