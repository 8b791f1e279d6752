# SOURCE DESTINATION PORT FIRST COUNT: so many first packets of TCP connections over IPv4, each from a port of its own: from
# 16384 + FIRST up, and from 16384 again after 65535. Ports below are of programs that keep theirs open. Nobody waits for
# answers. The type of service marks them, so that a backend can count them and keep them from its server. Perl, because
# Node has no raw sockets.
use strict;
use warnings;
use Socket qw(:DEFAULT inet_aton);

my ($source, $destination, $port, $first, $count) = @ARGV;
my ($MARK, $SYN, $SEQUENCE) = (8, 2, 1);
my ($IP, $IP_HDRINCL, $TCP, $RAW) = (0, 3, 6, 255);
socket(my $socket, AF_INET, SOCK_RAW, $RAW) or die "raw socket: $!\n";
setsockopt($socket, $IP, $IP_HDRINCL, 1) or die "IP_HDRINCL: $!\n";
my ($from, $to) = map { inet_aton($_) } $source, $destination;
# The kernel fills in length and checksum of the IP header.
my $ip = pack('CCnnnCCna4a4', 0x45, $MARK, 40, 0, 0, 64, $TCP, 0, $from, $to);
my $tail = pack('nNNCCnnn', $port, $SEQUENCE, 0, 5 << 4, $SYN, 65535, 0, 0);
# All that the checksum sums up but the source port: addresses, protocol, length, and the header's other words.
my $sum = 0;
$sum += $_ for unpack('n*', $from . $to . pack('nn', $TCP, 20) . $tail);
my $place = pack_sockaddr_in(0, $to);
for my $n (0 .. $count - 1) {
    my $sport = 16384 + ($first + $n) % (65536 - 16384);
    my $check = $sum + $sport;
    $check = ($check & 0xffff) + ($check >> 16) while $check >> 16;
    my $packet = $ip . pack('n', $sport) . substr($tail, 0, 14) . pack('nn', ~$check & 0xffff, 0);
    defined send($socket, $packet, 0, $place) or die "send: $!\n";
}
print "$count\n";
