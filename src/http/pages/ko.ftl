# 고객 페이지. 짧고 쉬운 말, 존댓말.

skip = 본문으로
back = 뒤로
language-name = 한국어
error-prefix = 오류: { $title }
there-is-a-problem = 고칠 것이 있습니다
call-the-shop = 상점에 전화
phone-optional = (안 쓰셔도 됩니다)

ask-title = 집에 계십니까?
ask-window = { "" }
ask-window-end = 에 집에 계십니까?
ask-open = 언제 집에 계십니까?
ask-open-sub = 출발하기 전에 정확한 시간을 알려 드립니다.
ask-sub = { $day }, { $address }
ask-late = 늦어지고 있습니다.
ask-late-end = 에 가겠습니다
ask-late-sub = { $day }, { $address }. 그대로 괜찮으십니까?
ask-missed = { $at }에 뵙지 못했습니다
ask-missed-sub = 문 앞에 아무것도 두지 않았고 돈도 받지 않았습니다.
ask-yes = 예, 집에 있습니다
ask-yes-small = 불을 켜 두어 주십시오
ask-yes-late = 괜찮습니다, 집에 있습니다
ask-later = 오늘 더 늦게
ask-not-today = 다른 날
ask-other = 다른 사람이 받습니다
ask-cancel = 주문 취소
ask-answers = 답
change-until = { $at }까지 답을 바꿀 수 있습니다.
refused-too-late = 이제 여기서는 바꿀 수 없습니다. 상점에 전화하십시오.
refused-moved-on = 그사이에 바뀐 것이 있습니다. 지금은 이렇습니다.
refused-stale = 페이지가 너무 오래되었습니다. 다시 골라 주십시오.
refused-set-off = 배달원이 이미 출발했습니다. 답은 배달원에게 전해집니다.
refused-at-door = 배달원이 이미 문 앞에 있습니다. 답은 배달원에게 전해집니다.

later-title = 오늘 언제 집에 계십니까?
later-hint = 배달원이 지킬 수 있는 시간만 있습니다. 무료입니다.
later-slots = 고를 수 있는 시간
later-none = 오늘은 남은 시간이 없습니다. 다른 날을 고르십시오.
later-to = { $at }까지
later-time = 다른 시간, 이때부터
later-time-none = 없음
later-cold = 찬 물건이 있습니다. 그때까지 상점 냉장고에 둡니다.
later-submit = 그때 오십시오
later-submit-small = 나중에 바꿀 수 있습니다
no-time = 시간을 고르십시오
time-taken = 이 시간은 방금 찼습니다. 다른 시간을 고르십시오
after-hours = { $at } 뒤에는 배달하지 않습니다. 더 이른 시간이나 다른 날을 고르십시오

not-today-title = 어느 날이 좋으십니까?
not-today-days = 고를 수 있는 날
not-today-none = 아직 고를 수 있는 날이 없습니다. 상점에 전화하십시오.
not-today-hint = 출발하기 전에 다시 여쭙니다.
not-today-cold = 찬 물건은 기다릴 수 없어 상점에서 다시 쌉니다.
not-today-submit = 그날 오십시오
not-today-submit-small = 돈은 그대로 잡아 둡니다
no-day = 날을 고르십시오
day-taken = 이날은 방금 찼습니다. 다른 날을 고르십시오

other-title = 누가 받습니까?
other-name = 받는 사람 이름
other-phone = 받는 사람 전화
other-phone-hint = 배달원이 연락할 수 있게 합니다.
other-submit = 이 사람이 받습니다
other-submit-small = 이 페이지의 번호가 필요합니다
no-name = 집에 있는 사람의 이름을 쓰십시오
bad-name = 이름을 120자 안으로 쓰십시오
bad-phone = 나라 번호를 넣어 쓰십시오. 예: +1 555 0110

address-title = 어디입니까?
address-sub = 주소를 찾지 못했습니다. 주소가 확인되어야 출발할 수 있습니다.
address-told = 감사합니다. 주소를 찾고 있습니다.
address-told-sub = 쓰신 내용을 다시 고칠 수 있습니다.
address-shop-has = 상점에 있는 주소
address-label = 받는 곳 주소
address-hint = 거리, 번지, 출입구, 층과 가까이에 있는 것을 쓰십시오.
address-submit = 주소 보내기
address-submit-small = 담당자가 지도에서 찾습니다
no-address = 주소를 쓰십시오
bad-address = 주소를 300자 안으로 쓰십시오

cancel-title = 이 주문을 취소하시겠습니까?
cancel-back = 돌려받으실 돈: { $amount }.
cancel-carried = 물건은 이미 배달원에게 있어 상점으로 돌아갑니다. 돌아간 뒤에 돈을 돌려드립니다.
cancel-kept = 배달이 이미 시작되어 돌려드리지 못하는 돈: { $amount }.
cancel-later = 차라리 오늘 더 늦게
cancel-not-today = 차라리 다른 날
cancel-yes = 예, 취소합니다
cancel-no = 아니요, 그대로 둡니다

answered-home = 고맙습니다.
answered-home-end = 에 뵙겠습니다
answered-home-open = 고맙습니다. 집에 계시는군요
answered-from = 고맙습니다. { $at } 뒤에 가겠습니다
answered-day = 고맙습니다. { $day }에 가겠습니다
answered-day-open = 고맙습니다. 오늘은 가지 않습니다
answered-until = 고맙습니다. { $at }까지 집에 계시는군요
answered-place = 고맙습니다. 담당자에게 묻겠습니다
answered-receiver = 고맙습니다. { $name } 님이 받습니다
answered-sub = 시간이 바뀌지 않으면 다시 여쭙지 않습니다.
answered-sub-later = 출발하기 전에 다시 여쭙니다.
answered-sub-place = 말씀하신 곳: { $place }. 출발하기 전에 담당자가 살펴봅니다.
answered-sub-receiver = { $name } 님은 문 앞에서 이 페이지의 번호가 필요합니다.
courier-comes = { $courier } 배달원이 갑니다
courier-none = 누가 가는지 알려 드립니다
stops-before = { $count ->
    [0] 바로 다음 차례입니다
   *[other] 앞에 { $count }곳이 있습니다
  }
note-label = 배달원이 알아야 할 것이 있습니까?
note-hint = 140자까지: 출입구, 문 번호, 개.
note-submit = 메모 남기기
note-kept = 메모를 남겼습니다.
note-too-long = 140자까지만 쓰십시오
kept-set-off = 답을 받았습니다. { $courier } 배달원은 이미 출발했고 답을 봅니다.
kept-at-door = 답을 받았지만 { $courier } 배달원이 이미 문 앞에 있습니다.
code-label = 문 앞에서 쓸 번호
code-later = 문 앞에서 번호를 말해 주십시오. 배달원이 가까이 오면 여기에 나옵니다.
code-never = 전화로 번호를 묻는 일은 절대 없습니다.
change-answer = 답 바꾸기

way-title = 주문하신 물건이 가고 있습니다
way-minutes = 분
way-soon = 곧
way-about = 약
way-promised = 약속 { $at }까지
step-packed = 포장
step-on-the-way = 가는 중
step-next = 다음 차례
step-at-door = 문 앞
way-next = 바로 다음 차례입니다
way-brings = 주문하신 물건을 가지고 갑니다
way-seen = { $minutes ->
    [0] 방금 보았습니다.
   *[other] { $minutes }분 전에 보았습니다.
  }
way-last-seen = 마지막으로 본 시간 { $at }.
way-not-home = 집에 안 계십니까?
way-show-code = 번호 보기
way-still = 자동 새로 고침 끄기
way-refresh = 자동 새로 고침 켜기

near-title = { $courier } 배달원이 문 앞에 있습니다
near-title-early = { $courier } 배달원에게 보일 번호
near-sub = 말하거나 보여 주십시오. { $count }개, { $total }.
near-sub-open = 말하거나 보여 주십시오. { $count }개.
near-early = 배달원이 앞에 있습니까? 그때만 보여 주십시오.
near-warn-head = 문 앞에서만.
near-warn = 번호를 알려 주면 물건을 받았다는 뜻입니다. 전화나 문자로 번호를 묻는 일은 없습니다.
near-locked = 틀린 번호가 너무 많이 들어와 이 번호는 못 씁니다. 새 번호를 만들어 문 앞에서 말하십시오.
near-new-code = 새 번호 만들기

receipt-title = { $at }에 받으셨습니다
receipt-title-other = { $at }에 전해 드렸습니다
receipt-sub = { $day }, { $courier } 배달원이 직접 전해 드렸습니다.
receipt-sub-other = { $day }, { $courier } 배달원이 { $name } 님에게 전해 드렸습니다.
receipt-sub-open = { $day }, 직접 전해 드렸습니다.
receipt-sub-other-open = { $day }, { $name } 님에게 전해 드렸습니다.
receipt-proof = 확인 방법
proof-code = 번호
proof-scan = 스캔
proof-photo = 사진
proof-signature = 서명
proof-witness = 직원 확인
receipt-total = 합계
money-held = 잡아 둔 돈
money-taken = 받은 돈
money-given-back = 돌려드린 돈
money-owed = 아직 받지 못한 돈, 상점이 알려 드립니다
money-wanted = 아직 결제되지 않음, 결제가 되어야 갑니다
money-waiting = 상점이 확인할 때까지 잡아 둔 돈
receipt-problem = 빠지거나 상한 것이 있습니까? 받지 않으셨습니까?
receipt-problem-call = 상점에 전화
receipt-object = 받지 않았습니다
receipt-object-reason = 무엇이 잘못되었습니까?
receipt-object-hint = 담당자가 살펴볼 때까지 돈을 받지 않습니다.
receipt-objected = 잘못되었다고 알려 주셨습니다. 담당자가 살펴봅니다. 그때까지 돈을 받지 않습니다.
receipt-closes = 이 페이지는 { $day }에 닫힙니다.

gone-unknown = 이 링크는 쓸 수 없습니다
gone-unknown-sub = 잘못 적혔거나 배달이 끝났습니다. 물건을 사신 상점에 물어보십시오.
gone-finished = 이 배달은 끝났습니다
gone-finished-sub = 궁금한 것은 상점에 물어보십시오.
gone-cancelled = 이 주문은 취소되었습니다
gone-cancelled-sub = 가지 않습니다.
gone-returned = 주문하신 물건이 상점으로 돌아갔습니다
gone-returned-sub = 다음 일은 상점이 알려 드립니다.
gone-lost = 주문하신 물건을 잃어버렸습니다
gone-lost-sub = 상점이 알고 있으며 다음 일을 알려 드립니다.

error-bad-request = 잘되지 않았습니다
error-bad-request-sub = 페이지가 오래되었거나 빠진 것이 있습니다. 바뀐 것은 없습니다. 돌아가서 다시 해 보십시오.
error-too-many = 너무 여러 번 하셨습니다
error-too-many-sub = 1분 기다렸다가 다시 해 보십시오. 바뀐 것은 없습니다.
error-internal = 저희 쪽에 고장이 났습니다
error-internal-sub = 전에 하신 답은 그대로 있습니다. 1분 뒤에 다시 하시거나 상점에 전화하십시오.
error-number = 상점에 알려 줄 번호: { $id }
error-go-on = 내 배달로
