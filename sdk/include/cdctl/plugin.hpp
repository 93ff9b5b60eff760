#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

// The boundary between the front end and a plugin.
//
//  1. A plugin exports one data symbol, `cdctl_plugin` (a Descriptor): plain data, read before any
//  of its code is called.
//  2. It refers to `cdctl_interface_N`, which only a host of interface version N exports: the
//  dynamic linker refuses a
//     mismatch before a constructor of the plugin runs.
//  3. The host compares magic, interface version, size and build tag before the first virtual call,
//  since virtual calls
//     have no symbols that a linker could check.
//  4. Factories and commands are noexcept; a role object is wrapped in a shield (shield.hpp) inside
//  the plugin, so that
//     nothing thrown crosses the boundary.
//  5. A plugin is never unloaded. It keeps no mutable static state.
//
// Raise CDCTL_INTERFACE with every change to this file, roles.hpp, host.hpp or a type they use.

#define CDCTL_INTERFACE 5
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
  sink
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

struct CommandArguments;  // args.hpp

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
};

/// Wraps a constructor in a factory: what it throws becomes text.
template <class Wrapped, class Impl>
void* make(Host& host, std::string& what) noexcept {
  try {
    return static_cast<typename Wrapped::RoleType*>(new Wrapped(std::make_unique<Impl>(host)));
  } catch (const std::exception& e) {
    what = e.what();
  } catch (...) {
    what = "unknown exception";
  }
  return nullptr;
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
