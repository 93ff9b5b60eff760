#include "core/land/keyrings.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cdctl::land {

namespace {

/// The first of the three calls by which programs of an architecture reach keyrings; the others
/// follow it.
struct Calls {
  std::uint32_t architecture, first;
};
constexpr std::array k_calls{Calls{AUDIT_ARCH_X86_64, 248}, Calls{AUDIT_ARCH_I386, 286},
                             Calls{AUDIT_ARCH_AARCH64, 217}, Calls{AUDIT_ARCH_ARM, 309},
                             Calls{AUDIT_ARCH_RISCV64, 217}};
constexpr std::uint32_t k_x32 = 0x40000000;  ///< a bit of the number in programs of that kind

struct sock_filter load(std::size_t at) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at));
}

}  // namespace

bool leave_session_keyring() {
  return ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0 || errno == ENOSYS;
}

bool forbid_keyrings() {
  std::vector<struct sock_filter> rules;
  for (const auto& [architecture, first] : k_calls) {
    rules.push_back(load(offsetof(struct seccomp_data, arch)));
    rules.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 0, 6));
    rules.push_back(load(offsetof(struct seccomp_data, nr)));
    rules.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~k_x32));
    rules.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2));
    rules.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, first + 2, 1, 0));
    rules.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    rules.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  rules.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const struct sock_fprog program{static_cast<unsigned short>(rules.size()), rules.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace cdctl::land
