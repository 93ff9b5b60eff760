#include <cdctl/secret.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include <sys/resource.h>

// One for the program and its plugins, each of which has a copy of this library: see stop.cpp.
struct CdctlSecretState {
  std::atomic<int> count{0};
  char names[32][128]{};
  std::atomic_flag busy;  // who holds it changes what follows
  bool no_core{false};
  rlim_t core_before{0};
  int as_before{0};  // objects that are alive
};
extern "C" {
extern __attribute__((visibility("default"))) CdctlSecretState cdctl_secret_state;
__attribute__((visibility("default"))) constinit CdctlSecretState cdctl_secret_state;
}

namespace cdctl {

void hide_from_children(std::string_view variable) {
  auto& state = cdctl_secret_state;
  const int count = state.count;
  // Without these no child finds what it needs, whoever calls them secrets
  if (variable.empty() || variable == "PATH" || variable == "HOME") return;
  if (hidden_from_children(variable) || variable.size() >= sizeof state.names[0] ||
      count == std::ssize(state.names))
    return;
  std::ranges::copy(variable, state.names[count]);
  state.count = count + 1;
}

bool hidden_from_children(std::string_view variable) {
  const auto& state = cdctl_secret_state;
  return std::any_of(state.names, state.names + state.count,
                     [&](const char* name) { return variable == name; });
}

std::map<std::string, std::string> hidden_environment() {
  const auto& state = cdctl_secret_state;
  std::map<std::string, std::string> out;
  for (int i = 0; i < state.count; ++i)
    if (const char* value = std::getenv(state.names[i])) out.emplace(state.names[i], value);
  return out;
}

namespace {

/// Held for the length of a system call.
class Held {
 public:
  Held() {
    while (cdctl_secret_state.busy.test_and_set(std::memory_order_acquire)) {
    }
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { cdctl_secret_state.busy.clear(std::memory_order_release); }
};

bool set_core_limit(rlim_t soft) {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return false;
  limit.rlim_cur = soft;
  return ::setrlimit(RLIMIT_CORE, &limit) == 0;
}

}  // namespace

void leave_no_core() {
  const Held held;
  auto& state = cdctl_secret_state;
  struct rlimit limit{};
  if (state.no_core || ::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  state.core_before = limit.rlim_cur;
  state.no_core = state.as_before > 0 || set_core_limit(0);
}

CoreLimitAsBefore::CoreLimitAsBefore() {
  const Held held;
  auto& state = cdctl_secret_state;
  if (++state.as_before == 1 && state.no_core) (void)set_core_limit(state.core_before);
}

CoreLimitAsBefore::~CoreLimitAsBefore() {
  const Held held;
  auto& state = cdctl_secret_state;
  if (--state.as_before == 0 && state.no_core) (void)set_core_limit(0);
}

}  // namespace cdctl
