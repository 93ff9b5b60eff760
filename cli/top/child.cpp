#include "cli/top/child.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include <cdctl/secret.hpp>

#include "core/app/own_program.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_piece = 256 * 1024;

}  // namespace

std::vector<std::string> words_of(const app::Context& context) {
  std::vector<std::string> out{"--config",
                               std::filesystem::absolute(context.config().file).string()};
  for (const auto& folder : context.options().plugin_path) {
    out.emplace_back("--plugin-path");
    out.push_back(folder);
  }
  return out;
}

Result<TopChild> TopChild::start(const std::vector<std::string>& words) {
  Program program;
  program.env = hidden_environment();  // it reads the same configuration
  program.argv = {app::own_program()};
  program.argv.insert(program.argv.end(), words.begin(), words.end());
  TopChild out;
  CDCTL_TRY_ASSIGN(out.process_, Child::start(program, {}));
  for (const auto* fd : {&out.process_.out, &out.process_.err})
    ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  return out;
}

TopChild& TopChild::operator=(TopChild&& other) noexcept {
  if (this == &other) return *this;
  end();
  process_ = std::move(other.process_);
  out_ = std::move(other.out_);
  err_ = std::move(other.err_);
  complaint_ = std::move(other.complaint_);
  return *this;
}

void TopChild::take_from(Fd& fd, LineCutter& cutter, std::vector<std::string>& lines) {
  if (!fd.valid()) return;
  std::string piece(k_piece, '\0');
  const auto got = ::read(fd.get(), piece.data(), piece.size());
  if (got > 0)
    return cutter.add(std::string_view(piece).substr(0, static_cast<std::size_t>(got)), lines);
  const bool nothing_yet = got < 0 && (errno == EAGAIN || errno == EINTR);
  if (!nothing_yet) fd.reset();
}

void TopChild::take(std::vector<std::string>& lines) {
  take_from(process_.out, out_, lines);
  std::vector<std::string> said;
  take_from(process_.err, err_, said);
  if (!said.empty()) complaint_ = said.back();
  if (complaint_.starts_with("cdctl: ")) complaint_.erase(0, 7);
}

int TopChild::reap() { return exit_status(*process_.wait(Deadline())); }

void TopChild::end() {
  process_.kill(SIGTERM);
  leave();
}

void TopChild::leave() { process_.leave(); }

}  // namespace cdctl::cli
