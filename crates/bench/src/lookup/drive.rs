use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

use super::stage::Server;

/// What a load found.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Measured {
    /// Answers a second.
    pub(crate) rate: f64,
    /// Median, in milliseconds.
    pub(crate) p50_ms: f64,
    /// 99 of 100 are faster.
    pub(crate) p99_ms: f64,
    /// 999 of 1,000 are faster.
    pub(crate) p99_9_ms: f64,
    /// Answers other than 200.
    pub(crate) errors: u64,
}

struct Counted {
    latencies: Histogram<u64>,
    errors: u64,
}

/// Sends each request once.
pub(crate) async fn once_each(
    server: &Server,
    requests: &[Vec<u8>],
    connections: usize,
) -> anyhow::Result<()> {
    let requests = Arc::new(requests.to_vec());
    let counted = run(server, &requests, connections, None).await?;
    anyhow::ensure!(counted.errors == 0, "{} answers were not 200", counted.errors);
    Ok(())
}

/// Sends these requests again and again over kept connections.
pub(crate) async fn load(
    server: &Server,
    requests: &[Vec<u8>],
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let requests = Arc::new(requests.to_vec());
    run(server, &requests, connections, Some(time / 8)).await?;
    let counted = run(server, &requests, connections, Some(time)).await?;
    Ok(Measured::new(&counted, time))
}

/// Loads with each in turn, in short slices, so that whatever else the machine does falls on both alike.
pub(crate) async fn in_turn<const N: usize>(
    server: &Server,
    requests: [&[Vec<u8>]; N],
    connections: usize,
    time: Duration,
) -> anyhow::Result<[Measured; N]> {
    const SLICES: u32 = 24;
    let requests = requests.map(|each| Arc::new(each.to_vec()));
    let mut counted = Vec::new();
    for _ in 0..N {
        counted.push(Counted::new()?);
    }
    for requests in &requests {
        run(server, requests, connections, Some(time / SLICES)).await?;
    }
    for _ in 0..SLICES {
        for (requests, counted) in requests.iter().zip(&mut counted) {
            counted.add(&run(server, requests, connections, Some(time / SLICES)).await?)?;
        }
    }
    Ok(std::array::from_fn(|each| Measured::new(&counted[each], time)))
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "numbers for people to read")]
    fn new(counted: &Counted, time: Duration) -> Self {
        let millis = |quantile| counted.latencies.value_at_quantile(quantile) as f64 / 1_000.0;
        Self {
            rate: counted.latencies.len() as f64 / time.as_secs_f64(),
            p50_ms: millis(0.5),
            p99_ms: millis(0.99),
            p99_9_ms: millis(0.999),
            errors: counted.errors,
        }
    }
}

impl Counted {
    fn new() -> anyhow::Result<Self> {
        Ok(Self { latencies: Histogram::new(3)?, errors: 0 })
    }

    fn add(&mut self, other: &Self) -> anyhow::Result<()> {
        self.latencies.add(&other.latencies)?;
        self.errors += other.errors;
        Ok(())
    }
}

async fn run(
    server: &Server,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    time: Option<Duration>,
) -> anyhow::Result<Counted> {
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let stream = TcpStream::connect(server.address).await?;
        stream.set_nodelay(true)?;
        tasks.spawn(client(stream, requests.clone(), connection, connections, time));
    }
    let mut all = Counted::new()?;
    while let Some(counted) = tasks.join_next().await {
        all.add(&counted??)?;
    }
    Ok(all)
}

/// One connection: sends a request, waits for the whole answer, sends the next. Without a time, sends every
/// n-th request once.
async fn client(
    mut stream: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    first: usize,
    step: usize,
    time: Option<Duration>,
) -> anyhow::Result<Counted> {
    let mut counted = Counted::new()?;
    let mut buffer = Vec::with_capacity(4_096);
    let end = time.map(|time| Instant::now() + time);
    let mut next = first;
    loop {
        let over = end.map_or(next >= requests.len(), |end| Instant::now() >= end);
        if over {
            return Ok(counted);
        }
        let began = Instant::now();
        stream.write_all(&requests[next % requests.len()]).await?;
        if !answer(&mut stream, &mut buffer).await? {
            counted.errors += 1;
        }
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        counted.latencies.record(micros.max(1))?;
        next += step;
    }
}

/// Reads one answer; true if it is a 200.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<bool> {
    buffer.clear();
    let (head, length) = loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break (end + 4, content_length(&buffer[..end])?);
        }
    };
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
    }
    Ok(buffer.starts_with(b"HTTP/1.1 200"))
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?;
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    Ok(line.context("the answer says no length")?.parse()?)
}
