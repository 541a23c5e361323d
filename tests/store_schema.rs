//! The schema on both databases: migrations go up, down and up; entities fit their tables; the database itself
//! refuses what must never be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic
)]

#[path = "support/db.rs"]
mod support;

use callahead::store::StoreError;
use callahead::store::db::{Db, DbKind};
use callahead::store::tx::FLUSH_ORDER;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, EntityTrait, Iterable, Statement};
use support::TestDb;

async fn run(db: &Db, sql: &str) -> Result<(), StoreError> {
    // Written here: U1, U2 … for keys, HASH for bytes, YES for true.
    let mut sql = sql.to_owned();
    for number in (1..=9).rev() {
        let hex = format!("{number:032x}");
        let literal = match db.kind() {
            DbKind::Sqlite => format!("x'{hex}'"),
            DbKind::Postgres => format!("'{hex}'::uuid"),
        };
        sql = sql.replace(&format!("U{number}"), &literal);
    }
    let (hash, yes) = match db.kind() {
        DbKind::Sqlite => ("x'00'", "1"),
        DbKind::Postgres => ("'\\x00'::bytea", "true"),
    };
    let sql = sql.replace("HASH", hash).replace("YES", yes);
    db.writer().execute_unprepared(&sql).await.map(|_| ()).map_err(StoreError::from)
}

async fn seed(db: &Db) {
    run(db, "INSERT INTO shop VALUES (U1,'s','KPW','UTC','en',NULL,NULL,'record',NULL,NULL,'{}',1,0)")
        .await
        .unwrap();
    run(db, "INSERT INTO pickup_point VALUES (U1,U1,'x','p','a',39.0,125.7,0)").await.unwrap();
    for n in [1, 2] {
        run(
            db,
            &format!(
                "INSERT INTO orders VALUES (U{n},U1,'e{n}',U1,'{{}}','a',NULL,NULL,NULL,100,'KPW','[]',1,0,'[]')"
            ),
        )
        .await
        .unwrap();
        run(
            db,
            &format!(
                "INSERT INTO delivery (id,order_id,shop_id,stage,gate,state,seq,head_hash,version,created_at,updated_at) \
                 VALUES (U{n},U{n},U1,'s','g','{{}}',0,HASH,1,0,0)"
            ),
        )
        .await
        .unwrap();
        run(
            db,
            &format!(
                "INSERT INTO payment VALUES (U{n},U{n},U{n},U1,100,'KPW','record',NULL,NULL,'authorised',1,0,NULL,NULL,0,0)"
            ),
        )
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn migrations_go_up_down_and_up_again() {
    for test in TestDb::each_bare().await {
        let writer = test.db.writer();
        Migrator::up(writer, None).await.unwrap();
        Migrator::down(writer, None).await.unwrap();
        let tables = match test.kind() {
            DbKind::Sqlite => {
                "SELECT count(*) FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
            }
            DbKind::Postgres => "SELECT count(*) FROM information_schema.tables WHERE table_schema='public'",
        };
        let row = writer
            .query_one_raw(Statement::from_string(test.kind().backend(), tables))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1, "only the list of migrations is left");
        Migrator::up(writer, None).await.unwrap();
        for step in 0..Migrator::migrations().len() {
            Migrator::down(writer, Some(1)).await.unwrap_or_else(|e| panic!("down {step}: {e}"));
        }
        Migrator::up(writer, None).await.unwrap();
    }
}

#[tokio::test]
async fn every_entity_fits_its_table() {
    macro_rules! fits {
        ($db:expr, $($table:ident),+) => { $( entity::$table::Entity::find().all($db).await.unwrap(); )+ };
    }
    for test in TestDb::each().await {
        seed(&test.db).await;
        run(&test.db, "INSERT INTO region VALUES (U1,'r',1,'UTC',YES,1,'{}',1,0,0)").await.unwrap();
        run(&test.db, "INSERT INTO lease VALUES ('a','b',1,1)").await.unwrap();
        let read = test.db.read();
        fits!(
            read,
            shop,
            pickup_point,
            api_key,
            region,
            region_version,
            courier,
            invite,
            sign_in_code,
            session,
            shift,
            position,
            orders,
            delivery,
            parcel,
            event,
            visit,
            hand_off,
            payment,
            payment_resolution,
            payment_difference,
            provider_command,
            provider_event,
            refund,
            photo,
            job,
            idempotency,
            lease,
            ledger_account,
            ledger_entry,
            ledger_refusal,
            ledger_transfer,
            leg,
            wallet,
            wallet_card,
            stall,
            pay_device,
            stall_charge,
            setting
        );
    }
}

#[tokio::test]
async fn a_payment_is_resolved_once_and_only_against_a_confirmed_hand_off() {
    const CAPTURE: &str = "INSERT INTO payment_resolution VALUES ";
    for test in TestDb::each().await {
        let db = &test.db;
        seed(db).await;
        run(db, "INSERT INTO hand_off VALUES (U1,U1,'claimed','code','{}',0)").await.unwrap();
        run(db, "INSERT INTO hand_off VALUES (U2,U1,'confirmed','code','{}',0)").await.unwrap();
        for (why, row) in [
            ("a claimed hand-off", "(U1,100,'capture',100,U1,'confirmed',NULL)"),
            ("a claimed hand-off, honestly", "(U1,100,'capture',100,U1,'claimed',NULL)"),
            ("no hand-off", "(U1,100,'capture',100,NULL,NULL,NULL)"),
            ("a hand-off without its status", "(U1,100,'capture',100,U2,NULL,NULL)"),
            ("more than authorised", "(U1,100,'capture',101,U2,'confirmed',NULL)"),
            ("a forged authorised amount", "(U1,999,'capture',500,U2,'confirmed',NULL)"),
            ("nothing", "(U1,100,'capture',0,U2,'confirmed',NULL)"),
            ("a void without a reason", "(U1,100,'void',0,NULL,NULL,NULL)"),
            ("a void of an amount", "(U1,100,'void',5,NULL,NULL,'cancelled')"),
            ("a void with a hand-off", "(U1,100,'void',0,U2,'confirmed','cancelled')"),
            ("another kind", "(U1,100,'gift',0,NULL,NULL,NULL)"),
            ("an unknown payment", "(U9,100,'void',0,NULL,NULL,'cancelled')"),
        ] {
            let answer = run(db, &format!("{CAPTURE}{row}")).await;
            assert!(matches!(answer, Err(StoreError::Violated(_))), "{why}: {answer:?}");
        }
        run(db, &format!("{CAPTURE}(U1,100,'capture',80,U2,'confirmed',NULL)")).await.unwrap();
        let conflict = |name: &str| Err(StoreError::Conflict { constraint: name.to_owned() });
        let twice = run(db, &format!("{CAPTURE}(U1,100,'capture',20,U2,'confirmed',NULL)")).await;
        assert!(matches!(twice, Err(StoreError::Conflict { .. })), "a second capture: {twice:?}");
        let void = run(db, &format!("{CAPTURE}(U1,100,'void',0,NULL,NULL,'cancelled')")).await;
        assert_eq!(void, conflict("payment_resolution_pkey"), "a void after the capture");
        let second = run(db, &format!("{CAPTURE}(U2,100,'capture',80,U2,'confirmed',NULL)")).await;
        assert_eq!(second, conflict("payment_resolution_hand_off_id_key"));
        for change in [
            "UPDATE hand_off SET status='rejected' WHERE id=U2",
            "UPDATE payment SET authorized_minor=500 WHERE id=U1",
            "UPDATE payment SET captured_minor=101 WHERE id=U1",
            "UPDATE payment SET captured_minor=80, refunded_minor=81 WHERE id=U1",
            "INSERT INTO refund VALUES (U1,U1,U1,0,'r','shop','requested',NULL,NULL,0,0)",
            "DELETE FROM hand_off WHERE id=U2",
            "DELETE FROM payment WHERE id=U1",
        ] {
            let answer = run(db, change).await;
            assert!(matches!(answer, Err(StoreError::Violated(_))), "{change}: {answer:?}");
        }
        let again = run(db, "INSERT INTO hand_off VALUES (U3,U1,'confirmed','code','{}',0)").await;
        assert_eq!(again, conflict("hand_off_delivery_id_key"));
        run(db, &format!("{CAPTURE}(U2,100,'void',0,NULL,NULL,'cancelled')")).await.unwrap();
    }
}

#[tokio::test]
async fn events_can_be_neither_changed_nor_removed() {
    for test in TestDb::each().await {
        let db = &test.db;
        seed(db).await;
        run(
            db,
            "INSERT INTO event (id,delivery_id,order_id,shop_id,seq,kind,at,recorded_at,actor,data,prev_hash,hash) \
             VALUES (U1,U1,U1,U1,1,'k',0,0,'a','{}',HASH,HASH)",
        )
        .await
        .unwrap();
        let mut changes = vec!["UPDATE event SET data='x'", "DELETE FROM event"];
        if test.kind() == DbKind::Postgres {
            changes.push("TRUNCATE event");
        }
        for change in changes {
            let answer = run(db, change).await.unwrap_err();
            assert!(answer.to_string().contains("append only"), "{change}: {answer}");
        }
    }
}

#[tokio::test]
async fn unique_constraints_have_the_same_name_on_both_databases() {
    for test in TestDb::each().await {
        let db = &test.db;
        seed(db).await;
        run(db, "INSERT INTO courier VALUES (U1,'c','+1','en','bike',5,'[]',YES,1,0,'[]',NULL,NULL,NULL)")
            .await
            .unwrap();
        run(db, "INSERT INTO shift VALUES (U1,U1,0,1,NULL,5,NULL,NULL,NULL,'{}',1,NULL)").await.unwrap();
        run(db, "INSERT INTO lease VALUES ('a','b',1,1)").await.unwrap();
        for (sql, constraint) in [
            (
                "INSERT INTO shift VALUES (U2,U1,0,1,NULL,5,NULL,NULL,NULL,'{}',1,NULL)",
                "shift_courier_id_key",
            ),
            (
                "INSERT INTO pickup_point VALUES (U2,U1,'x','p','a',39.0,125.7,0)",
                "pickup_point_shop_id_external_id_key",
            ),
            (
                "INSERT INTO orders VALUES (U3,U1,'e1',U1,'{}','a',NULL,NULL,NULL,100,'KPW','[]',1,0,'[]')",
                "orders_shop_id_external_id_key",
            ),
            (
                "INSERT INTO orders VALUES (U1,U1,'e9',U1,'{}','a',NULL,NULL,NULL,100,'KPW','[]',1,0,'[]')",
                "orders_pkey",
            ),
            ("INSERT INTO lease VALUES ('a','c',1,1)", "lease_pkey"),
        ] {
            assert_eq!(
                run(db, sql).await,
                Err(StoreError::Conflict { constraint: constraint.to_owned() }),
                "{sql}"
            );
        }
    }
}

#[tokio::test]
async fn the_database_is_checked_for_durability() {
    for test in TestDb::each().await {
        let problems = test.db.check_durability().await.unwrap();
        if test.kind() == DbKind::Sqlite {
            assert_eq!(problems, vec![]);
            test.db.writer().execute_unprepared("PRAGMA synchronous=NORMAL").await.unwrap();
        } else {
            // The server of the tests may run without fsync; a session cannot change that.
            let mut url = test.url();
            url.push_str(if url.contains('?') { "&" } else { "?" });
            url.push_str("options=-c%20synchronous_commit%3Doff");
            let careless = Db::open(&callahead::store::db::DbSettings::new(url)).await.unwrap();
            let problems = careless.check_durability().await.unwrap();
            assert!(problems.iter().any(|p| p.setting == "synchronous_commit"), "{problems:?}");
            continue;
        }
        assert_eq!(test.db.check_durability().await.unwrap()[0].setting, "synchronous");
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    for test in TestDb::each().await {
        let answer = test.db.read().execute_unprepared("INSERT INTO setting VALUES ('a','b')").await;
        assert!(answer.is_err());
    }
}

#[test]
fn every_table_has_its_place_in_the_order_of_writing() {
    macro_rules! tables { ($($name:ident),+) => { vec![$(
        (sea_orm::EntityName::table_name(&entity::$name::Entity), entity::$name::Column::iter().count())
    ),+] }; }
    let tables = tables!(
        api_key,
        courier,
        delivery,
        event,
        hand_off,
        idempotency,
        invite,
        job,
        lease,
        ledger_account,
        ledger_entry,
        ledger_refusal,
        ledger_transfer,
        leg,
        orders,
        parcel,
        pay_device,
        payment,
        payment_difference,
        payment_resolution,
        photo,
        pickup_point,
        position,
        provider_command,
        provider_event,
        refund,
        region,
        region_version,
        session,
        setting,
        shift,
        shop,
        sign_in_code,
        stall,
        stall_charge,
        visit,
        wallet,
        wallet_card
    );
    for (table, columns) in &tables {
        assert!(FLUSH_ORDER.contains(table), "{table}");
        assert!(*columns < 64, "{table}: a bit for each column");
    }
    assert_eq!(tables.len(), FLUSH_ORDER.len());
}
