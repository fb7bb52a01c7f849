/**
 * The conformance list: one line for each test of libprocess at c1b42f79d157, and for what no test there pins (U…).
 *
 * `ID name` must pass here; `ID name | verdict` says why it does not run: `later`, `never: reason` or
 * `not ported: reason`. Keelson's own promises (KS…) are found in the tests themselves.
 */
const list = `
# futures
F01 Future
F02 Stringify
F03 Associate
F04 OnAny
F05 Then
F06 CallableOnce
F07 Repair
F08 After1
F09 After2
F10 After3
F11 Chain
F12 Discard1
F13 Discard2
F14 Discard3
F15 Select
F16 FromTry
F17 FromTryFuture
F18 ArrowOperator | never: member access through a ready future is C++ operator overloading
F19 UndiscardableFuture
F20 UndiscardableLambda
F21 Abandoned
F22 AbandonedChain
F23 RecoverDiscarded
F24 RecoverFailed
F25 RecoverAbandoned
F26 RecoverDiscard
# collect and await
C01 CollectTest.Ready
C02 CollectTest.Failure
C03 CollectTest.DiscardPropagation
C04 CollectTest.AbandonedPropagation
C05 AwaitTest.Success
C06 AwaitTest.Failure
C07 AwaitTest.Discarded
C08 AwaitTest.DiscardPropagation
C09 AwaitTest.AbandonedPropagation
C10 AwaitTest.AwaitSingleDiscard
C11 AwaitTest.AwaitSingleAbandon
# after
A01 After
A02 Loop
# read-write lock
L01 LockWhenUnlocked
L02 BlockReads
L03 BlockWrites
L04 ConcurrentReads
L05 NoStarvation
# mutex
M01 Lock
M02 Block
M03 Queue
# sequence
S01 Serialize
S02 DiscardOne
S03 DiscardAll
S04 Random
# loop
O01 Sync
O02 Async
O03 DiscardIterate
O04 DiscardBody
# rate limiter
R01 Acquire
R02 DiscardMiddle
R03 DiscardLast
# queue
Q01 Block
Q02 Noblock
Q03 Queue
Q04 Discard
# shared
H01 Shared.ConstAccess
H02 Shared.Null
H03 Shared.Reset
H04 Shared.Own
# owned
W01 Owned.Access
W02 Owned.Null
W03 Owned.Share
W04 Owned.Release
# count-down latch
D01 Triggered
D02 Threads
# state machine
X01 Transition
X02 Is
X03 When
# time, time series, statistics
T01 Arithmetic
T02 Now
T03 RFC1123Output | not ported: a date is a Date, whose toUTCString is RFC 1123
T04 RFC3339Output | not ported: a date is a Date, whose toISOString is RFC 3339; clocks count milliseconds
T05 Output | not ported: as T04
T06 TimeSeries.Set
T07 Sparsify
T08 Truncate
T09 Statistics.Empty
T10 Single
T11 FromTimeSeries
T12 FromDurationList
# metrics
K01 Counter
K02 PullGauge
K03 PushGauge
K04 Statistics
K05 THREADSAFE_Snapshot
K06 SnapshotAlphabetical
K07 THREADSAFE_SnapshotTimeout
K08 SnapshotStatistics
K09 Timer
K10 AsyncTimer
K11 THREADSAFE_SnapshotAuthenticationEnabled | later
# processes
P01 Event
P02 Spawn
P03 Dispatch
P04 Defer1
P05 Defer2
P06 Defer3
P07 Handlers
P08 Expect
P09 Action
P10 Inheritance
P11 Thunk
P12 Delegate
P13 Delay
P14 Order | not ported: a runtime has one clock, and what is due runs inside advance, so no process can be behind
P15 Donate
P16 Exited
P17 InjectExited
P18 FutureExited
P19 DropExited
P20 RemoteLink | later
P21 RemoteRelink | later
P22 RemoteLinkRelink | later
P23 RemoteDoubleLinkRelink | later
P24 RemoteLinkLeak | later
P25 RemoteUseStaleLink | later
P26 RemoteStaleLinkRelink | later
P27 Settle
P28 Pid
P29 Listener
P30 Executor_Defer
P31 Executor_Execute
P32 Remote | later
P33 Http1 | later
P34 Http2 | later
P35 Async
P36 Defers
P37 PercentEncodedURLs | later
P38 FirewallDisablePaths | later
P39 FirewallUninstall | later
P40 ProcessesEndpointNoHang
P41 TimerAfterReinitialize
# HTTP
G01 Statuses | later
G02 Endpoints | later
G03 EndpointsHelp | later
G04 EndpointsHelpRemoval | later
G05 PipeEOF | later
G06 PipeFailure | later
G07 PipeReadAll | later
G08 PipeReaderCloses | later
G09 Encode | later
G10 EncodeAdditionalChars | later
G11 QueryEncoding | later
G12 PathParse | later
G13 Get | later
G14 NestedGet | later
G15 StreamingGetComplete | later
G16 StreamingGetFailure | later
G17 ProvideSendfile | later
G18 PipeEquality | never: handles are ordinary objects, closed explicitly or with using
G19 Post | later
G20 Delete | later
G21 Request | later
G22 QueryEncodeDecode | later
G23 Headers | later
G24 CaseInsensitiveHeaders | later
G25 WWWAuthenticateHeader | later
G26 Accepts | later
G27 GzipRequestBody | later
G28 Serial | later
G29 Pipeline | later
G30 ClosingRequest | later
G31 ClosingResponse | later
G32 ReferenceCounting | never: handles are ordinary objects, closed explicitly or with using
G33 Equality | later
G34 RequestStreaming | later
G35 Stringification | later
G36 ParseUrls | later
G37 NoAuthenticator | later
G38 Unauthorized | later
G39 Forbidden | later
G40 Authenticated | later
G41 InvalidPrincipal | later
G42 (Auth) Pipelining | later
G43 Basic | later
G44 JWT | later
G45 Serve.Pipelining | later
G46 Serve.Discard | later
G47 Serve.Unix | later
G48 Server.Pipeline | later
G49 Server.StopNotRunning | later
G50 Server.Discard | later
G51 Server.Finalize | later
# HTTP coding
E01 Request | never: Node parses HTTP
E02 HeaderContinuation | never: Node parses HTTP
E03 HeaderCaseInsensitive | never: Node parses HTTP
E04 InvalidQueryArgs (x2 decoders) | never: Node parses HTTP
E05 Response | never: Node parses HTTP
E06 ResponseWithUnspecifiedLength | never: Node parses HTTP
E07 StreamingResponse | never: Node parses HTTP
E08 StreamingResponseFailure | never: Node parses HTTP
E09 StreamingResponseInvalidHeader | never: Node parses HTTP
E10 Encoder.Response | later
E11 AcceptableEncodings | later
# io
I01 PollRead | never: Node offers streams and descriptors, not readiness
I02 PollWrite | never: Node offers streams and descriptors, not readiness
I03 Read | never: Node offers streams and descriptors, not readiness
I04 BufferedRead | never: Node streams do this
I05 Write | never: Node streams do this
I06 BlockingWrite (enabled upstream on Windows only) | never: Node streams do this
I07 Redirect | never: Node streams do this
I08 WatcherWrite | later
I09 WatcherRename | later
I10 WatcherRm | later
I11 WatcherAddMultipleFiles | later
I12 WatcherAlreadyAddAddedFile | later
I13 WatcherAddDirectory | later
I14 WatcherRemove | later
I15 WatcherRemoveRemovedFile | later
I16 WatcherDestruction | later
# reap and subprocess
B01 Reap.NonChildProcess | later
B02 Reap.ChildProcess | later
B03 Reap.TerminatedChildProcess | later
B04 PipeOutputToFileDescriptor | later
B05 PipeOutputToPath | later
B06 EnvironmentEcho | later
B07 Status | later
B08 PipeOutput | later
B09 PipeLargeOutput | later
B10 PipeInput | later
B11 PipeRedirect | later
B12 PathOutput | later
B13 PathInput | later
B14 FdOutput | later
B15 FdInput | later
B16 Default | later
B17 Flags | later
B18 Environment | later
B19 EnvironmentWithSpaces | later
B20 EnvironmentWithSpacesAndQuotes | later
B21 EnvironmentOverride | later
B22 WhiteListFds | later
# JWT
J01 Parse | later
J02 Create | later
J03 Stringify | later
# sockets
N01 Unix | later
N02 EOFBeforeRecv | later
N03 EOFAfterRecv (plain and TLS) | later
# TLS
Z01 SSL.Disabled | later
Z02 SSLSocket | later
Z03 NonSSLSocket | later
Z04 NoVerifyBadCA | later
Z05 RequireBadCA | later
Z06 VerifyBadCA | later
Z07 VerifyCertificate | later
Z08 HostnameMismatch | later
Z09 NoAnonymousCipherIfVerify | later
Z10 ECDHESupport | later
Z11 Downgrade, part 1 | later
Z12 Downgrade, part 2 | later
Z13 Downgrade, part 3 | later
Z14 Downgrade, part 4 | later
Z15 PeerAddress | later
Z16 HTTPSGet | later
Z17 HTTPSPost | later
Z18 SilentSocket | later
Z19 SilentSocketWithDowngrade | later
Z20 ShutdownThenSend | later
Z21 BasicSameProcess | later
Z22 BasicSameProcessUnix | later
Z23 RequireCertificate | later
Z24 SSLProtocol.Mismatch | later
Z25 CustomSSLContext | later
Z26 ...ConfigureSocketFails | later
Z27 ...VerifyFails | later
# gRPC
Y01 Success | never: there is no gRPC client
Y02 ConcurrentRPCs | never: there is no gRPC client
Y03 StatusError | never: there is no gRPC client
Y04 DiscardedBeforeServerStarted | never: there is no gRPC client
Y05 DiscardedWhenServerProcessing | never: there is no gRPC client
Y06 ClientShutdown | never: there is no gRPC client
Y07 ServerUnreachable | never: there is no gRPC client
Y08 ServerTimeout | never: there is no gRPC client
# queue internals, profiler, system
V01 EnqueueDequeue | never: one thread, so no lock-free queue; the mailbox is tested as U09
V02 ...Multiple | never: one thread, so no lock-free queue; the mailbox is tested as U09
V03 ...Multithreaded | never: one thread, so no lock-free queue; the mailbox is tested as U09
V04 ForEach | never: one thread, so no lock-free queue; the mailbox is tested as U09
V05 Empty | never: one thread, so no lock-free queue; the mailbox is tested as U09
V06 Profiler StartAndStop | never: the profiler of Node is reached through its own inspector
V07 ...AuthenticationEnabled | never: the profiler of Node is reached through its own inspector
V08 System DISABLED_Metrics | later
# what no upstream test covers
U01 callback list order
U02 inline execution
U03 onDiscard after completion
U04 discard of a queued waiter of a lock
U05 associate twice
U06 collect leaves other inputs alone
U07 select with all failed, and with none
U08 terminate with and without inject
U09 order of one sender
U10 link twice
U11 link to a dead process
U12 link to oneself
U13 spawn refusals
U14 timed wait
U15 dispatch to a dead process
U16 Clock.cancel return
U17 advance offset after resume
U18 authorization callbacks | later
U19 recover after abandonment, then completion
U20 Once
U21 Latch
U22 finalize with busy processes
U23 help JSON | later
U24 logging toggle | later
U25 require_peer_address_ip_match | later
U26 advertise flags | later
`;

/** @type {{ id: string, name: string, verdict: string | undefined }[]} in the order in which they are reported */
export const entries = list
  .split('\n')
  .filter((line) => /^[A-Z]/.test(line))
  .map((line) => {
    const [head = '', verdict] = line.split(' | ');
    return { id: head.slice(0, 3), name: head.slice(4), verdict };
  });
