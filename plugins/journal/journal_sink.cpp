#include "plugins/journal/journal_sink.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::journal {

namespace {

constexpr std::string_view k_keys[] = {"socket", "signals"};
constexpr const char* k_socket = "/run/systemd/journal/socket";

/// Made once by chance, never to be changed: people look for them.
constexpr std::array<std::pair<Notice::Kind, std::string_view>, 12> k_message_ids{
    {{Notice::Kind::cut, "0c881fd29e5d944e3332823503722200"},
     {Notice::Kind::uncut, "c6030da07336c405ea1991df24eed0bf"},
     {Notice::Kind::everyone, "9c96e1405b57b274704e0b30ce047c08"},
     {Notice::Kind::unjudged, "3552a7ff5c947efc58e0a858cdf16b23"},
     {Notice::Kind::outage, "21ca393e52ddd8923859c979cc8cf85e"},
     {Notice::Kind::deploy, "5dcf653324626d2395ffa64dd4dce8cf"},
     {Notice::Kind::signal, "b4b869dd7623883b35eb7ea2ccc7f7f2"},
     {Notice::Kind::deployed, "fef858faa9e5631478771eefc44632e3"},
     {Notice::Kind::reaped, "e15cfb324e3e189f8a01319a8dcfb8d2"},
     {Notice::Kind::landed, "7787bb44f1568437820e04a57342bac0"},
     {Notice::Kind::rejected, "959426f4913f30595bbb838cdf66dbb1"},
     {Notice::Kind::decided, "12ec84c20c195a8ebc65ff3755aa3b4d"}}};

void add_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += name;
  if (!value.contains('\n')) {
    out.append("=").append(value).push_back('\n');
    return;
  }
  out += '\n';
  static_assert(std::endian::native == std::endian::little, "the length is written as it is held");
  const std::uint64_t length = value.size();
  std::array<char, sizeof length> bytes;
  std::memcpy(bytes.data(), &length, sizeof length);
  out.append(bytes.data(), bytes.size()).append(value).push_back('\n');
}

Result<Fd> connect_to(const std::string& path) {
  Fd out(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ExitCode::config, fmt::format("[journal] socket: {} is too long", path));
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (out.valid() &&
      ::connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return out;
  return fail(Error{ExitCode::unknown,
                    fmt::format("no journal listens at {}: {}", path, errno_text(errno)), true});
}

std::unexpected<Error> not_written(const std::string& why) {
  return fail(Error{ExitCode::unknown, "writing to the journal: " + why, true});
}

/// A journal that stands still leaves its queue full, and a blocking send would wait for it for
/// ever.
Result<> wait_for_room(const Fd& socket, const Deadline& deadline) {
  std::array<pollfd, 2> waits{{{socket.get(), POLLOUT, 0}, {Stop::fd(), POLLIN, 0}}};
  const auto time = std::clamp<std::int64_t>(deadline.left().count(), 0, 60'000);
  if (::poll(waits.data(), waits.size(), static_cast<int>(time)) < 0 && errno != EINTR)
    return not_written(errno_text(errno));
  if (Stop::requested()) return not_written("it was stopped");
  if (waits[0].revents == 0 && deadline.passed()) return not_written("it takes nothing");
  return {};
}

/// One try, which gives errno, or 0.
int send_datagram(const Fd& socket, const std::string& entry) {
  return ::send(socket.get(), entry.data(), entry.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno
                                                                                           : 0;
}

int send_file(const Fd& socket, const Fd& file) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = file.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return ::sendmsg(socket.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

/// What is longer than a datagram goes as a file in memory that nobody can change any more, as the
/// protocol has it.
Result<Fd> sealed_file(const std::string& entry) {
  Fd out(::memfd_create("cdctl-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  constexpr int k_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (!out.valid() || !write_all(out.get(), entry) || ::fcntl(out.get(), F_ADD_SEALS, k_seals) != 0)
    return not_written(errno_text(errno));
  return out;
}

Result<> send_entry(const Fd& socket, const std::string& entry, const Deadline& deadline) {
  Fd file;
  for (;;) {
    const int error = file.valid() ? send_file(socket, file) : send_datagram(socket, entry);
    if (error == 0) return {};
    if (error == EINTR) continue;
    if (error == EAGAIN) {
      CDCTL_TRY(wait_for_room(socket, deadline));
    } else if ((error == EMSGSIZE || error == ENOBUFS) && !file.valid()) {
      CDCTL_TRY_ASSIGN(file, sealed_file(entry));
    } else {
      return not_written(errno_text(error));
    }
  }
}

Result<> send_record(const Fd& socket, const Json& record, const Deadline& deadline) {
  for (const auto& notice : notices_of(record))
    if (!notice.implied) CDCTL_TRY(send_entry(socket, entry_of(notice, record), deadline));
  return {};
}

}  // namespace

std::string entry_of(const Notice& notice, const Json& record) {
  const auto id =
      std::ranges::find(k_message_ids, notice.kind, &decltype(k_message_ids)::value_type::first);
  std::string out;
  add_field(out, "MESSAGE", notice.summary);
  add_field(out, "MESSAGE_ID", id == k_message_ids.end() ? std::string_view() : id->second);
  add_field(out, "PRIORITY", std::to_string(syslog_of(notice.severity)));
  add_field(out, "SYSLOG_IDENTIFIER", "cdctl");
  add_field(out, "CDCTL_KIND", to_string(notice.kind));
  add_field(out, "CDCTL_KEY", notice.key);
  add_field(out, "CDCTL_STATE", notice.change() ? "change" : notice.over ? "over" : "begun");
  add_field(out, "CDCTL_SERVICE", notice.service);
  add_field(out, "CDCTL_REVISION", notice.revision);
  add_field(out, "CDCTL_SET", notice.set);
  add_field(out, "CDCTL_TARGET", notice.target);
  add_field(out, "CDCTL_BY", notice.by);
  add_field(out, "CDCTL_ID", notice.id);
  add_field(out, "CDCTL_RECORD", record.dump());
  return out;
}

Result<ReceiverList> JournalSink::do_receivers() {
  return Receivers::read(host_.config(), "journal", k_keys).list();
}

bool JournalSink::do_wants(const std::string&, const Json& record) {
  const bool signals = host_.config().table["journal"]["signals"].as_bool();
  return std::ranges::any_of(notices_of(record), [&](const Notice& notice) {
    return !notice.implied && (notice.kind != Notice::Kind::signal || signals);
  });
}

Result<PassAnswer> JournalSink::do_pass(const std::string&, std::span<const Json> records,
                                        const Deadline& deadline) {
  if (records.empty()) return {};
  CDCTL_TRY_ASSIGN(const auto socket,
                   connect_to(host_.config().table["journal"]["socket"].as_string(k_socket)));
  PassAnswer out;
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto sent = send_record(socket, records[i], deadline);
    if (sent) continue;
    if (i == 0) return fail(std::move(sent.error()));
    // The journal knows no identity: what it has is not sent again.
    out.why = std::move(sent.error().what);
    for (; i < records.size(); ++i) out.again.push_back(i);
  }
  return out;
}

}  // namespace cdctl::journal
