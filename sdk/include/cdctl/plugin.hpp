#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <cdctl/args.hpp>
#include <cdctl/host.hpp>
#include <cdctl/record_rows.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/rows.hpp>

// The boundary between the front end and a plugin.
//
//  1. A plugin exports `cdctl_plugin` (a Descriptor): plain data, read before any of its code is
//     called.
//  2. The gate, first half: it refers to `cdctl_interface_N`, which only a host of that interface
//     version exports. The dynamic linker refuses a mismatch before a constructor of it runs.
//  3. The gate, second half: it exports the tag of its build, `cdctl_plugin_build`. The host
//     compares it before it reads the Descriptor: a layout has no symbol for a linker to check.
//  4. Factories and commands are noexcept, and what the host calls of a role is never virtual but
//     guards what is (roles.hpp), so that nothing thrown crosses the boundary.
//  5. A plugin is never unloaded. It keeps no mutable static state.
//
// Raise CDCTL_INTERFACE with every change to this file, roles/, host.hpp or a type they use.

#define CDCTL_INTERFACE 11
#define CDCTL_INTERFACE_SYMBOL_(n) cdctl_interface_##n
#define CDCTL_INTERFACE_SYMBOL(n) CDCTL_INTERFACE_SYMBOL_(n)

extern "C" {
extern __attribute__((visibility("default"))) const char CDCTL_INTERFACE_SYMBOL(CDCTL_INTERFACE);
}

#if defined(__SANITIZE_ADDRESS__)
#define CDCTL_TAG_SANITIZER "+asan"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CDCTL_TAG_SANITIZER "+asan"
#endif
#endif
#ifndef CDCTL_TAG_SANITIZER
#define CDCTL_TAG_SANITIZER ""
#endif
#ifdef _GLIBCXX_DEBUG
#define CDCTL_TAG_DEBUG "+debug"
#else
#define CDCTL_TAG_DEBUG ""
#endif
#define CDCTL_STR_(x) #x
#define CDCTL_STR(x) CDCTL_STR_(x)
/// What must be equal in host and plugin for C++ types to be: the standard library and its ABI, the
/// language level, and the types of this interface.
#define CDCTL_BUILD_TAG                                                                   \
  "libstdc++" CDCTL_STR(_GLIBCXX_RELEASE) "/cxx" CDCTL_STR(__cplusplus) "/abi" CDCTL_STR( \
      _GLIBCXX_USE_CXX11_ABI) "/interface" CDCTL_STR(CDCTL_INTERFACE)                     \
      CDCTL_TAG_SANITIZER CDCTL_TAG_DEBUG

namespace cdctl::plugin {

/// Which interface a role row's factory returns.
enum class Role : std::uint32_t {
  source,
  deployer,
  engine,
  memory,
  switch_,
  feed,
  probe,
  doctor,
  sink,
  setup,
  forge,
  repository,
  none
};
/// Their names in manifests and in what people read, in the same order.
inline constexpr std::string_view k_role_names[] = {"source", "deployer", "engine", "memory",
                                                    "switch", "feed",     "probe",  "doctor",
                                                    "sink",   "setup",    "forge",  "repository"};
static_assert(std::size(k_role_names) == static_cast<std::size_t>(Role::none));

/// `what` is filled when the answer is nullptr.
using Factory = void* (*)(Host& host, std::string& what) noexcept;

struct RoleRow {
  Role role;
  std::string_view kind;  ///< how configuration and the host name it: `git`, `local`, `mojo`
  std::string_view keys;  ///< source kinds: the option keys beside the kind's own, by blanks
  Factory create;
};

/// What a plugin says of itself, with CDCTL_PLUGIN. A plugin names the members that it fills, so
/// that a new one changes no plugin.
struct Descriptor {
  std::string_view name = {};
  std::string_view version = {};
  std::string_view summary = {};
  std::span<const RoleRow> roles = {};
  std::span<const CommandRow> commands = {};
  std::span<const KeyRow> keys = {};  ///< of the plugin's own table: `NAME`, `NAME.key`
  std::string_view unit_env = {};     ///< a feed: the environment variable that connects a unit
  std::span<const RecordRow> records = {};  ///< the kinds of record that its commands write
};

/// The role that a class of <cdctl/roles/…> is.
template <class RoleClass>
constexpr Role role_of = Role::none;
template <>
inline constexpr Role role_of<Source> = Role::source;
template <>
inline constexpr Role role_of<Deployer> = Role::deployer;
template <>
inline constexpr Role role_of<Engine> = Role::engine;
template <>
inline constexpr Role role_of<Memory> = Role::memory;
template <>
inline constexpr Role role_of<Switch> = Role::switch_;
template <>
inline constexpr Role role_of<Feed> = Role::feed;
template <>
inline constexpr Role role_of<Probe> = Role::probe;
template <>
inline constexpr Role role_of<Doctor> = Role::doctor;
template <>
inline constexpr Role role_of<Sink> = Role::sink;
template <>
inline constexpr Role role_of<Setup> = Role::setup;
template <>
inline constexpr Role role_of<Forge> = Role::forge;
template <>
inline constexpr Role role_of<Repository> = Role::repository;

/// Makes an Impl; what its constructor throws, or why its ready() says that it is not, becomes
/// text.
template <class RoleClass, class Impl>
void* create(Host& host, std::string& what) noexcept {
  try {
    auto made = std::make_unique<Impl>(host);
    if constexpr (requires { made->ready(); }) {
      if (const auto ready = made->ready(); !ready) {
        what = ready.error().what;
        return nullptr;
      }
    }
    return static_cast<RoleClass*>(made.release());
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "unknown exception";
  }
  return nullptr;
}

/// A role that a plugin offers: `row<Engine, LocalEngine>("local")`. Impl is made from a Host&, and
/// may have a `Result<> ready()`.
template <class RoleClass, class Impl>
  requires(std::derived_from<Impl, RoleClass> && std::constructible_from<Impl, Host&> &&
           role_of<RoleClass> != Role::none)
constexpr RoleRow row(std::string_view kind, std::string_view keys = "") {
  return {role_of<RoleClass>, kind, keys, &create<RoleClass, Impl>};
}

/// Runs the body of a plugin's command, which gives a Result<>: its error, and anything thrown, is
/// reported and becomes the exit code.
template <class Body>
int guarded(const CommandArguments& given, Body&& body) noexcept {
  const Result<> done = cdctl::guarded([&]() -> Result<> { return body(); });
  if (done) return 0;
  given.report(done.error());
  return static_cast<int>(done.error().exit);
}

}  // namespace cdctl::plugin

/// Defines what a plugin exports. Use once, at file scope, with the members of its Descriptor:
/// `CDCTL_PLUGIN(.name = "chat", .version = "1.0", .summary = "…", .roles = k_roles)`.
#define CDCTL_PLUGIN(...)                                                                       \
  extern "C" __attribute__((visibility("default"), used)) const char* const cdctl_plugin_gate = \
      &CDCTL_INTERFACE_SYMBOL(CDCTL_INTERFACE);                                                 \
  extern "C" __attribute__((visibility("default"), used)) const char cdctl_plugin_build[] =     \
      CDCTL_BUILD_TAG;                                                                          \
  extern "C" __attribute__((visibility("default"),                                              \
                            used)) constinit const ::cdctl::plugin::Descriptor cdctl_plugin = { \
      __VA_ARGS__}
