# Sends first packets of connections and says which of them were refused. One of these runs in each network namespace of
# the lab. Perl, because Node has no raw sockets: without them SCTP cannot be spoken where the kernel has none, and a
# refusal of a TCP connection is heard a second late (its socket is busy connecting when the ICMP error comes).
#
#   tcp SOURCE SPORT DESTINATION DPORT     a real connect(2)
#   udp SOURCE SPORT DESTINATION DPORT     a datagram
#   sctp SOURCE DESTINATION HEX            a packet made by hand
#   done NAME                              answers "done NAME" when everything before is sent, and closes its sockets
#
# Refusals are told as "refused PROTOCOL SOURCE SPORT DESTINATION DPORT" (of the packet), faults as "fault WHAT".
use strict;
use warnings;
use Errno qw(EINPROGRESS ECONNREFUSED EPERM);
use Fcntl qw(F_SETFL O_NONBLOCK);
use IO::Select;
use Socket qw(:DEFAULT inet_pton inet_ntop pack_sockaddr_in6);

my ($ICMP, $ICMP6, $SCTP) = (1, 58, 132);
my %PROTOCOL = (6 => 'tcp', 17 => 'udp', 132 => 'sctp');

$| = 1;
my @open;
my $icmp = raw(AF_INET, $ICMP);
my $icmp6 = raw(AF_INET6, $ICMP6);
my $ears = IO::Select->new(\*STDIN, $icmp, $icmp6);
my $input = '';
print "ready\n";

while (1) {
    for my $ear ($ears->can_read) {
        if ($ear != \*STDIN) { listen_to($ear); next }
        sysread(STDIN, $input, 65536, length $input) or exit;
        while ($input =~ s/^(.*)\n//) { obey(split / /, $1) }
    }
}

sub obey {
    my ($what, @arguments) = @_;
    return $what eq 'sctp' ? send_raw(@arguments) : $what eq 'done' ? finish(@arguments) : send_from($what, @arguments);
}

sub send_from {
    my ($what, $source, $sport, $destination, $dport) = @_;
    socket(my $socket, family($source), $what eq 'tcp' ? SOCK_STREAM : SOCK_DGRAM, 0) or return fault('socket');
    fcntl($socket, F_SETFL, O_NONBLOCK) or return fault('fcntl');
    bind($socket, place($source, $sport)) or return fault("bind $source $sport");
    push @open, $socket;
    my $sent = connect($socket, place($destination, $dport));
    $sent &&= defined send($socket, 'x', 0) if $what eq 'udp';
    # EPERM: a rule of the own node dropped it. ECONNREFUSED: refused already; the ICMP error says by whom.
    fault("$what $source $destination") unless $sent || $! == EINPROGRESS || $! == ECONNREFUSED || $! == EPERM;
}

sub send_raw {
    my ($source, $destination, $hex) = @_;
    socket(my $socket, family($source), SOCK_RAW, $SCTP) or return fault('raw socket');
    bind($socket, place($source, 0)) or return fault("bind $source");
    push @open, $socket;
    defined send($socket, pack('H*', $hex), 0, place($destination, 0)) or $! == EPERM or fault("sctp $source $destination");
}

# The ICMP errors of what was sent are in the sockets by now: refusing is part of sending on one machine.
sub finish {
    my ($name) = @_;
    listen_to($icmp);
    listen_to($icmp6);
    @open = ();
    print "done $name\n";
}

# ICMP(4): type 3, ICMPv6: type 1 (destination unreachable); behind 8 bytes stands the head of the packet.
sub listen_to {
    my ($ear) = @_;
    while (defined recv($ear, my $packet, 65536, 0)) {
        my $message = $ear == $icmp ? substr($packet, 4 * (ord($packet) & 15)) : $packet;
        next unless length $message > 8 && ord($message) == ($ear == $icmp ? 3 : 1);
        my $told = substr($message, 8);
        my ($protocol, $source, $destination, $ports) = $ear == $icmp
            ? unpack('x9 C x2 a4 a4 @' . 4 * (ord($told) & 15) . ' a4', $told)
            : unpack('x6 C x a16 a16 a4', $told);
        next unless defined $ports && length $ports == 4 && $PROTOCOL{$protocol};
        my $family = $ear == $icmp ? AF_INET : AF_INET6;
        my ($from, $to) = map { inet_ntop($family, $_) } $source, $destination;
        my ($sport, $dport) = unpack('nn', $ports);
        print "refused $PROTOCOL{$protocol} $from $sport $to $dport\n";
    }
}

sub raw {
    my ($family, $protocol) = @_;
    socket(my $socket, $family, SOCK_RAW, $protocol) or die "raw socket: $!\n";
    fcntl($socket, F_SETFL, O_NONBLOCK) or die "fcntl: $!\n";
    return $socket;
}

sub family { return $_[0] =~ /:/ ? AF_INET6 : AF_INET }

sub place {
    my ($address, $port) = @_;
    my $bytes = inet_pton(family($address), $address);
    return $address =~ /:/ ? pack_sockaddr_in6($port, $bytes) : pack_sockaddr_in($port, $bytes);
}

sub fault { print "fault $_[0]: $!\n" }
