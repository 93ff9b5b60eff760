#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include <cdctl/args.hpp>
#include <cdctl/host.hpp>
#include <cdctl/record_rows.hpp>
#include <cdctl/roles.hpp>

// The boundary between the front end and a plugin.
//
//  1. A plugin exports one data symbol, `cdctl_plugin` (a Descriptor): plain data, read before any
//  of
//     its code is called.
//  2. It refers to `cdctl_interface_N`, which only a host of interface version N exports: the
//  dynamic
//     linker refuses a mismatch before a constructor of the plugin runs.
//  3. The host compares magic, interface version, size and build tag before the first virtual call,
//     since virtual calls have no symbols that a linker could check.
//  4. Factories and commands are noexcept, and what the host calls of a role is never virtual but
//     guards what is (roles.hpp), so that nothing thrown crosses the boundary.
//  5. A plugin is never unloaded. It keeps no mutable static state.
//
// Raise CDCTL_INTERFACE with every change to this file, roles/, host.hpp or a type they use.

#define CDCTL_INTERFACE 6
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
/// language level.
#define CDCTL_BUILD_TAG                                                                   \
  "libstdc++" CDCTL_STR(_GLIBCXX_RELEASE) "/cxx" CDCTL_STR(__cplusplus) "/abi" CDCTL_STR( \
      _GLIBCXX_USE_CXX11_ABI) CDCTL_TAG_SANITIZER CDCTL_TAG_DEBUG

namespace cdctl::plugin {

constexpr std::uint64_t k_magic = 0x316c7463'64632f00;  // "\0/cdctl1"

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
  none
};

/// `what` is filled when the answer is nullptr.
using Factory = void* (*)(Host& host, std::string& what) noexcept;

struct RoleRow {
  Role role;
  const char* kind;  ///< how configuration and the host name it: `git`, `local`, `mojo`, `rabbit`
  const char* keys;  ///< source kinds: the option keys beside the kind's own, separated by blanks
  Factory create;
};

/// An option of a plugin's command. The host builds the command line from these rows. The name of a
/// value says what it is, and completion goes by it: FILE and FOLDER, SET, SERVICE, SELECTOR,
/// SOURCE, RULE; others are free text.
struct OptionRow {
  const char* name;   ///< long name without dashes
  const char* value;  ///< name of its value, or nullptr for a flag
  const char* help;
  bool repeatable;
  char letter = 0;                ///< `-s`; 0 = none
  const char* choices = nullptr;  ///< the values it can have, separated by blanks; nullptr = any.
                                  ///< Completion offers them
};

/// A command of the plugin's own group: `cdctl rabbit users`.
struct CommandRow {
  const char* name;
  const char* arguments;  ///< `SPEC [WORKSPACE]`: `[X]` optional, `X…` many
  const char* summary;
  const char* examples;  ///< lines, each a command
  const OptionRow* options;
  std::size_t option_count;
  /// Returns the exit code. Records go through `arguments.write`.
  int (*run)(Host& host, const CommandArguments& arguments) noexcept;
};

struct Descriptor {
  std::uint64_t magic;
  std::uint32_t interface_version;
  std::uint32_t size;
  const char* build_tag;
  const char* name;
  const char* version;
  const char* summary;
  const RoleRow* roles;
  std::size_t role_count;
  const CommandRow* commands;
  std::size_t command_count;
  const char* global_keys;   ///< keys of the plugin's table in cdctl.toml, separated by blanks
  const char* service_keys;  ///< keys of the plugin's table in a service's file
  const RecordRow* records = nullptr;  ///< the kinds of record that its commands write
  std::size_t record_count = 0;
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
constexpr RoleRow row(const char* kind, const char* keys = "") {
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

/// Defines the plugin's one exported symbol. Use once, at file scope, with a Descriptor's
/// initialisers after the tag.
#define CDCTL_PLUGIN(...)                                                                       \
  extern "C" __attribute__((visibility("default"), used)) const char* const cdctl_plugin_gate = \
      &CDCTL_INTERFACE_SYMBOL(CDCTL_INTERFACE);                                                 \
  extern "C" __attribute__((visibility("default"), used))                                       \
  const ::cdctl::plugin::Descriptor cdctl_plugin = {::cdctl::plugin::k_magic, CDCTL_INTERFACE,  \
                                                    sizeof(::cdctl::plugin::Descriptor),        \
                                                    CDCTL_BUILD_TAG, __VA_ARGS__}
