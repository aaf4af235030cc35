// Reads segments without Fusewire, with the code that flatc generates. Prints the time in ns, the severity, the body and the
// attributes of each entry. The exit code is 3 if bytes were lost. schema/FORMAT.md specifies the format.
//
//     flatc --cpp -o generated schema/log_entry.fbs
//     c++ -std=c++17 -O2 -I generated examples/cpp/read_segment.cpp -o read_segment
//     ./read_segment logs/*.fws
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "log_entry_generated.h"

using namespace fusewire::wire;
using Bytes = std::vector<uint8_t>;

// The format is little-endian. On a big-endian host, reverse the bytes here.
template <typename T> T load(const uint8_t *at) { T value; std::memcpy(&value, at, sizeof value); return value; }

uint32_t crc32(const uint8_t *data, size_t length, uint32_t initial) {
    uint32_t crc = ~initial;
    for (; length != 0; length--) {
        crc ^= *data++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

// Returns the bytes of the text from `at` on, or nothing if they are not inside the text.
std::string span(const LogEntry &entry, uint64_t at, uint64_t length) {
    auto text = entry.text();
    if (!text || at > text->size() || length > text->size() - at) return "";
    return std::string(reinterpret_cast<const char *>(text->Data()) + at, length);
}

// Prints the nodes from `at` to `end`. Returns whether the tape is valid. The depth is at most 64, also for a hostile file.
bool print(const LogEntry &entry, uint32_t at, uint32_t end, bool in_array, int depth) {
    for (const char *comma = ""; at < end; comma = ", ") {
        const Node *node = entry.attributes()->Get(at++);
        const uint64_t value = node->value(), low = value & 0xFFFFFFFF, high = value >> 32;
        const bool array = node->kind() == Kind_Array, container = array || node->kind() == Kind_Map;
        const bool wide = node->flags() & NodeFlags_Wide, bytes = node->kind() == Kind_String || node->kind() == Kind_Bytes;
        if (node->kind() == Kind_Dropped) continue;  // the number of children that the circuit breaker dropped
        if (container && (high > end - at || depth == 64)) return false;
        std::printf("%s", comma);
        if (!in_array) std::printf("%s=", span(entry, node->key_offset(), node->key_length()).c_str());
        if (container) {
            std::printf(array ? "[" : "{");
            if (!print(entry, at, at + high, array, depth + 1)) return false;
            std::printf(array ? "]" : "}");
            at += high;
        } else if (wide) {  // 16 bytes: a 128-bit number, or a time with a zone
            for (uint8_t byte : span(entry, low, high)) std::printf("%02x", byte);
        } else if (bytes) std::printf("%s", span(entry, low, high).c_str());
        else if (node->kind() == Kind_Null) std::printf("null");
        else if (node->kind() == Kind_Bool) std::printf(value ? "true" : "false");
        else if (node->kind() == Kind_Float) std::printf("%.17g", load<double>(reinterpret_cast<const uint8_t *>(&value)));
        else if (node->kind() == Kind_Uint) std::printf("%llu", static_cast<unsigned long long>(value));
        else std::printf("%lld", static_cast<long long>(value));
    }
    return true;
}

// Prints the entries of a segment. Returns the number of lost bytes, or -1 if the file is not a segment of version 1.
long long read(const Bytes &file) {
    const uint8_t *data = file.data();
    if (file.size() < 8192 || std::memcmp(data, "\x89" "FWS\r\n\x1a\n", 8) != 0) return -1;
    if (crc32(data, 4092, 0) != load<uint32_t>(data + 4092)) return -1;
    if (load<uint16_t>(data + 8) != 1 || load<uint32_t>(data + 24) != 0) return -1;  // major version, incompat flags
    const uint32_t salt = load<uint32_t>(data + 28);
    const uint64_t tail = uint64_t(load<uint32_t>(data + 4096)) * 16;
    long long lost = 0;
    uint64_t incomplete = 0;  // the end of an append that did not complete, which is no loss
    for (uint64_t at = load<uint64_t>(data + 96); at <= file.size() - 16;) {
        const uint32_t word = load<uint32_t>(data + at), state = word >> 28, length = word & 0xFFFFFFF;
        const uint64_t end = at + 16 + (uint64_t(length) + 15) / 16 * 16;
        const bool tagged = load<uint32_t>(data + at + 8) == (salt ^ uint32_t(at / 16));
        if (state == 2 && tagged && end <= file.size() &&
            crc32(data + at + 8, end - at - 8, length) == load<uint32_t>(data + at + 4)) {
            flatbuffers::Verifier verifier(data + at + 16, length);
            if (data[at + 12] == 1 && VerifyLogEntryBuffer(verifier)) {  // kind 1: an entry
                const LogEntry &entry = *GetLogEntry(data + at + 16);
                std::printf("%llu %s %s ", static_cast<unsigned long long>(entry.time_unix_nano()),
                            EnumNameSeverity(entry.severity()), entry.body() ? entry.body()->c_str() : "");
                if (entry.attributes() && !print(entry, 0, entry.attributes()->size(), false, 0)) std::printf(" (invalid)");
                std::printf("\n");
            }
            at = end;
        } else if (at >= tail || (state == 3 && tagged)) break;  // free space, or the end of a closed segment
        else {                                                                 // frames begin at multiples of 16
            if (state == 1 && load<uint32_t>(data + at + 4) == 0) incomplete = std::max(incomplete, end);
            at += 16;
            if (at > incomplete) lost += 16;
        }
    }
    return lost;
}

int main(int count, char **paths) {
    bool clean = true;
    for (int n = 1; n < count; n++) {
        std::ifstream input(paths[n], std::ios::binary);
        const Bytes file{std::istreambuf_iterator<char>(input), {}};
        const long long lost = read(file);
        if (lost != 0) std::fprintf(stderr, "%s: %s\n", paths[n], lost < 0 ? "not a segment of version 1" : "bytes are lost");
        clean &= lost == 0;
    }
    return clean ? 0 : 3;
}
